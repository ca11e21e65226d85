import { Badge, Divider, Group, Progress, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { call, type Prediction, type SampleDetail, type Statement } from './api';
import { Decide } from './decide';
import { dateTime, percent } from './format';
import { Journey } from './journey';
import { Aside, Loaded } from './parts';
import { SampleInput } from './sample-input';
import { Unanswered, Verdict } from './verdict';

/** One sample with its input, the model's answer and everything people said, and a place to say more. */
export function SampleDrawer({ id, close }: { id: string | undefined; close: () => void }) {
  return (
    <Aside isOpen={id !== undefined} close={close} title="Sample">
      {id !== undefined && <Detail key={id} id={id} />}
    </Aside>
  );
}

function Detail({ id }: { id: string }) {
  const path = encodeURIComponent(id);
  const sample = useQuery({ queryKey: ['sample', id], queryFn: () => call<SampleDetail>(`/v1/samples/${path}`) });
  const prediction = useQuery({
    queryKey: ['prediction', id],
    queryFn: () => call<Prediction>(`/v1/predictions/${path}`),
    staleTime: Infinity,
  });
  return (
    <Loaded of={sample}>
      {(data) => (
        <Stack gap="md">
          <Loaded of={prediction}>{({ input }) => <SampleInput id={id} kind={data.kind} input={input} />}</Loaded>
          <Group gap="xs">
            <Badge variant="default" tt="none">
              {SIDES[data.split]}
            </Badge>
            <Badge variant="default" tt="none">
              {data.model.name ?? 'model'} {data.model.version}
            </Badge>
            {Object.entries(data.attributes ?? {}).map(([name, value]) => (
              <Badge key={name} variant="default" tt="none">
                {name}: {String(value)}
              </Badge>
            ))}
          </Group>
          <Group gap="xl" align="start">
            <Said title="Answered">
              {data.predicted ?? <Unanswered />}{' '}
              {data.confidence !== null && (
                <Text span c="var(--quiet)">
                  {percent(data.confidence)}
                </Text>
              )}
            </Said>
            <Said title="People say">
              <Verdict sample={data} />
            </Said>
          </Group>
          {prediction.data?.output?.scores && <Scores scores={prediction.data.output.scores} />}
          <Divider />
          <Decide sample={data} />
          <Divider />
          <Statements sample={data} />
          <Journey id={id} split={data.split} />
          <Text size="xs" c="var(--quiet)" style={{ overflowWrap: 'anywhere' }}>
            {data.id}, {dateTime(data.occurredAt)}
          </Text>
        </Stack>
      )}
    </Loaded>
  );
}

const Said = ({ title, children }: { title: string; children: ReactNode }) => (
  <div>
    <Text size="xs" c="var(--quiet)">
      {title}
    </Text>
    <Text component="div" fw={600} style={{ overflowWrap: 'anywhere' }}>
      {children}
    </Text>
  </div>
);

const MOST_SCORES = 5;
const SIDES = { train: 'train', holdout: 'held out', aside: 'set aside' } as const;

function Scores({ scores }: { scores: Readonly<Record<string, number>> }) {
  const best = Object.entries(scores)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_SCORES);
  return (
    <Stack gap={4}>
      {best.map(([label, score]) => (
        <Group key={label} wrap="nowrap" gap="sm">
          <Text size="xs" w={140} className="one-line" title={label}>
            {label}
          </Text>
          <Progress value={score * 100} flex={1} aria-label={`${label}: ${percent(score)}`} />
          <Text size="xs" w={50} ta="right" className="numbers">
            {percent(score)}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}

function Statements({ sample: { statements, suggested, isByTrust } }: { sample: SampleDetail }) {
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        What people said
      </Title>
      {statements.length === 0 && (
        <Text size="sm" c="var(--quiet)">
          Nobody has said anything about it yet.
        </Text>
      )}
      {suggested && (
        <Text size="sm">
          They differ. By whom to trust it is {suggested.label}, {percent(suggested.probability)} sure
          {isByTrust ? ', which decided.' : '.'}
        </Text>
      )}
      {statements.map((statement) => (
        <div key={statement.id}>
          <Text size="sm">
            <b>{statement.raterId}</b> ({statement.raterRole}): {wordsOf(statement)}
          </Text>
          <Text size="xs" c="var(--quiet)">
            {dateTime(statement.occurredAt)}
          </Text>
        </div>
      ))}
    </Stack>
  );
}

function wordsOf({ kind, label, notLabel, rating, comment }: Statement): string {
  const said = {
    correction: `it is ${label}`,
    accept: 'the answer is right',
    reject: 'the answer is wrong',
    partial: `it is not ${notLabel}`,
    skip: 'skipped',
    rating: `rated ${rating}`,
    comment: '',
  }[kind];
  return [said ?? kind, comment].filter(Boolean).join('; ');
}
