import { Text, Timeline, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { call, type Sample } from './api';
import { dateTime } from './format';
import { Loaded } from './parts';

interface Receipt {
  readonly inSnapshot: { readonly at: string } | null;
  readonly trainedIn: { readonly version: number; readonly at: string } | null;
  readonly live: { readonly version: number; readonly at: string } | null;
}

/** How far the label that a statement led to has come round the loop, on this side of the data. */
export function Journey({ feedbackId, split }: { feedbackId: string; split: Sample['split'] }) {
  const receipt = useQuery({
    queryKey: ['receipt', feedbackId],
    queryFn: () => call<Receipt>(`/v1/feedback/${encodeURIComponent(feedbackId)}`),
  });
  return (
    <div>
      <Title order={3} size="h5" mb="xs">
        What became of it
      </Title>
      {split === 'aside' ? (
        <Text size="sm">It is used for nothing: it is too like both what trains and what judges.</Text>
      ) : (
        <Loaded of={receipt}>{(data) => <Steps receipt={data} split={split} />}</Loaded>
      )}
    </div>
  );
}

function Steps({ receipt, split }: { receipt: Receipt; split: Sample['split'] }) {
  const steps = stepsOf(receipt, split);
  return (
    <Timeline active={steps.findLastIndex(({ at }) => at !== undefined)} bulletSize={14} lineWidth={2}>
      {steps.map(({ done, awaited, at }) => (
        <Timeline.Item key={awaited} title={<Text size="sm">{at ? done : awaited}</Text>}>
          {at && (
            <Text size="xs" c="var(--quiet)">
              {dateTime(at)}
            </Text>
          )}
        </Timeline.Item>
      ))}
    </Timeline>
  );
}

/** What happens to a label, in order; what has not happened yet has no time. */
const stepsOf = ({ inSnapshot, trainedIn, live }: Receipt, split: Sample['split']) => [
  { done: 'In a dataset', awaited: 'Not in a dataset yet', at: inSnapshot?.at },
  {
    done: `Version ${trainedIn?.version} ${split === 'holdout' ? 'was judged by it' : 'had it to learn from'}`,
    awaited: 'No model has met it yet',
    at: trainedIn?.at,
  },
  { done: `Version ${live?.version} serves since`, awaited: 'Not live yet', at: live?.at },
];
