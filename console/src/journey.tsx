import { Text, Timeline, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { call, type Sample } from './api';
import { dateTime } from './format';
import { Loaded } from './parts';

interface Step {
  readonly what: 'received' | 'said' | 'labelled' | 'disputed' | 'in-dataset' | 'in-model' | 'live';
  readonly at: string;
  readonly version?: number;
}

/** How far a sample has come round the loop, on this side of the data. */
export function Journey({ id, split }: { id: string; split: Sample['split'] }) {
  const timeline = useQuery({
    queryKey: ['timeline', id],
    queryFn: () => call<{ items: Step[] }>(`/v1/predictions/${encodeURIComponent(id)}/timeline`),
  });
  return (
    <div>
      <Title order={3} size="h5" mb="xs">
        What became of it
      </Title>
      {split === 'aside' ? (
        <Text size="sm">It is used for nothing: it is too like both what trains and what judges.</Text>
      ) : (
        <Loaded of={timeline}>{({ items }) => <Steps items={items} split={split} />}</Loaded>
      )}
    </div>
  );
}

function Steps({ items, split }: { items: readonly Step[]; split: Sample['split'] }) {
  const steps = stepsOf(items, split);
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

/** What happens to a sample, in order; what has not happened yet has no time. */
function stepsOf(items: readonly Step[], split: Sample['split']) {
  const [received, dataset, model, live] = (['received', 'in-dataset', 'in-model', 'live'] as const).map((wanted) =>
    items.find(({ what }) => what === wanted),
  );
  return [
    { done: 'Received', awaited: 'Not received yet', at: received?.at },
    { done: 'In a dataset', awaited: 'Not in a dataset yet', at: dataset?.at },
    {
      done: `Version ${model?.version} ${split === 'holdout' ? 'was judged by it' : 'had it to learn from'}`,
      awaited: 'No model has met it yet',
      at: model?.at,
    },
    { done: `Version ${live?.version} serves since`, awaited: 'Not live yet', at: live?.at },
  ];
}
