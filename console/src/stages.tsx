import { Table, Text, Title } from '@mantine/core';
import type { Loop } from './api';
import { ago, count, duration } from './format';

/** What each stage counts, and what waits at it, in plain words. What waits by design is routine. */
export const STAGES: Readonly<
  Record<string, { question: string; counts: string; waits: string; isRoutine?: boolean }>
> = {
  capture: { question: 'What did the model say?', counts: 'predictions', waits: 'to be packed', isRoutine: true },
  feedback: {
    question: 'What should it have said?',
    counts: 'statements',
    waits: 'parked, their prediction is unknown',
  },
  curate: { question: 'Is the data any good?', counts: 'reviews', waits: 'disputed' },
  snapshot: { question: 'What do we know, frozen?', counts: 'datasets', waits: 'new labels', isRoutine: true },
  train: { question: 'Learn', counts: 'runs', waits: 'runs under way' },
  evaluate: { question: 'Is it better?', counts: 'comparisons', waits: 'to be compared' },
  promote: { question: 'Who serves?', counts: 'promotions', waits: 'to be decided' },
  serve: { question: 'Answer, and capture the answer', counts: 'answers of the champion', waits: '' },
};

export function Stages({ loop }: { loop: Loop }) {
  return (
    <>
      <Title order={2} size="h4" mb="xs">
        Stages
      </Title>
      <Table verticalSpacing={6} fz="sm">
        <Table.Tbody className="numbers">
          {loop.stages.map(({ stage, done, lastAt, waiting, lagSeconds }) => {
            const words = STAGES[stage];
            return (
              <Table.Tr key={stage}>
                <Table.Th scope="row" fw={400} pl={0}>
                  <Text size="sm" fw={600}>
                    {stage}
                  </Text>
                  <Text size="xs" c="var(--quiet)">
                    {words?.question}
                  </Text>
                </Table.Th>
                <Table.Td>
                  {count(done)} {words?.counts}
                  <Text size="xs" c="var(--quiet)">
                    {ago(lastAt, loop.now)}
                  </Text>
                </Table.Td>
                <Table.Td pr={0} c={waiting > 0 && !words?.isRoutine ? 'var(--waiting)' : 'var(--quiet)'}>
                  {waiting > 0 ? `${count(waiting)} ${words?.waits}` : 'nothing waits'}
                  {waiting > 0 && <Text size="xs">oldest {duration(lagSeconds)}</Text>}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </>
  );
}
