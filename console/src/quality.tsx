import { Badge, Card, Group, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { call } from './api';
import type { Drift, Estimate, HonestAccuracy } from './api-insights';
import { count, percent } from './format';
import { Empty, Loaded } from './parts';
import { useQueryString } from './url-state';

const DAYS = ['1', '7', '30', '365'];

/** How good the answers are, honestly, and what has changed. */
export function QualityView() {
  return (
    <Stack gap="lg">
      <Title order={1} size="h3">
        Quality
      </Title>
      <Accuracy />
      <Drifts />
    </Stack>
  );
}

function Accuracy() {
  const { query, set } = useQueryString();
  const days = query.days ?? '30';
  const accuracy = useQuery({
    queryKey: ['accuracy', days],
    queryFn: () => call<HonestAccuracy>(`/v1/insights/accuracy?days=${days}`),
    placeholderData: (before) => before,
  });
  return (
    <Card>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          Accuracy in production
        </Title>
        <SegmentedControl
          size="xs"
          aria-label="Days"
          value={days}
          onChange={(value) => set({ days: value })}
          data={DAYS.map((value) => ({ value, label: value === '1' ? '1 day' : `${value} days` }))}
        />
      </Group>
      <Loaded of={accuracy}>
        {({ accuracy: honest, recall, naive, outlook }) => (
          <Stack gap="sm">
            {honest ? (
              <Interval name="All traffic" estimate={honest} />
            ) : (
              <Empty title="Nobody has verified a random audit in this time">
                Audits are in the review queue. A hundred of them tell the accuracy of all traffic to within six points
                or better.
              </Empty>
            )}
            <Text size="sm" c="var(--quiet)">
              {naive.accuracy === null
                ? 'Nobody has said anything about answers in this time.'
                : `Of the ${count(naive.samples)} answers that have a label ${percent(naive.accuracy)} were right. That is no fair sample: people speak up when an answer is wrong.`}
            </Text>
            {outlook && (
              <Text size="sm">
                With 500 labels more, {count(outlook.samples)} in all, the next model is likely to be right on{' '}
                {percent(outlook.accuracy)} of what is held out ({percent(outlook.low)} to {percent(outlook.high)}).
              </Text>
            )}
            {recall.length > 0 && (
              <Title order={3} size="h5">
                By true label: how much of it is answered rightly
              </Title>
            )}
            {recall
              .toSorted((a, b) => a.value - b.value)
              .map((estimate) => (
                <Interval key={estimate.label} name={estimate.label} estimate={estimate} />
              ))}
          </Stack>
        )}
      </Loaded>
    </Card>
  );
}

/** A share as a tick within its interval. */
function Interval({ name, estimate: { value, low, high, samples } }: { name: string; estimate: Estimate }) {
  const words = `${percent(value)}, between ${percent(low)} and ${percent(high)}, from ${count(samples)} audits`;
  return (
    <Group gap="sm" wrap="nowrap">
      <Text size="sm" w={130} className="one-line" title={name}>
        {name}
      </Text>
      <div className="interval" role="img" aria-label={`${name}: ${words}`}>
        <div className="interval-range" style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }} />
        <div className="interval-value" style={{ left: `${value * 100}%` }} />
      </div>
      <Text size="xs" w={150} className="numbers" title={words}>
        {percent(value)}{' '}
        <Text span size="xs" c="var(--quiet)">
          ({Math.round(low * 100)}–{Math.round(high * 100)}, {count(samples)})
        </Text>
      </Text>
    </Group>
  );
}

function Drifts() {
  const drift = useQuery({
    queryKey: ['drift'],
    queryFn: () => call<{ items: readonly Drift[] }>('/v1/insights/drift'),
  });
  return (
    <Card>
      <Title order={2} size="h4">
        What has changed
      </Title>
      <Text size="sm" c="var(--quiet)" mb="sm">
        The latest 2,000 predictions beside up to 8,000 before them, the largest change first. Below .1 little has
        changed, above .25 much.
      </Text>
      <Loaded of={drift}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="There is too little to compare yet">
              It takes the latest 2,000 predictions and some hundred before them.
            </Empty>
          ) : (
            <Table.ScrollContainer minWidth={320}>
              <Table fz="sm" verticalSpacing={6}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>What</Table.Th>
                    <Table.Th ta="right">Index</Table.Th>
                    <Table.Th>Changed most</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody className="numbers">
                  {items.map((item) => (
                    <DriftRow key={item.what} drift={item} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Loaded>
    </Card>
  );
}

const DriftRow = ({ drift: { what, index, isAlarm, values } }: { drift: Drift }) => (
  <Table.Tr>
    <Table.Td>
      {what}{' '}
      {isAlarm && (
        <Badge color="red" variant="light">
          drift
        </Badge>
      )}
    </Table.Td>
    <Table.Td ta="right">{index.toFixed(2)}</Table.Td>
    <Table.Td>
      {values.slice(0, 2).map(({ value, before, lately }) => (
        <Text key={value} size="xs">
          {value}: {percent(before)} → {percent(lately)}
        </Text>
      ))}
    </Table.Td>
  </Table.Tr>
);
