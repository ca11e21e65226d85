import { Badge, Button, Card, Group, Progress, Table, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call, type List } from './api';
import type { RunRow } from './api-models';
import { dateTime, duration } from './format';
import { Complaint, Empty, Loaded } from './parts';

const [OPEN_MS, QUIET_MS] = [1_000, 5_000];
const COLOURS = { succeeded: 'teal', failed: 'red', refused: 'orange', running: 'blue' } as const;

const isOpen = ({ status }: RunRow): boolean => status === 'queued' || status === 'running';

/** Training runs with live progress, and a way to ask for one. */
export function Runs() {
  const queries = useQueryClient();
  const runs = useQuery({
    queryKey: ['runs'],
    queryFn: () => call<List<RunRow>>('/v1/runs?limit=10'),
    refetchInterval: ({ state }) => (state.data?.items.some(isOpen) ? OPEN_MS : QUIET_MS),
  });
  const refresh = () => queries.invalidateQueries({ queryKey: ['runs'] });
  const order = useMutation({
    mutationFn: () => call('/v1/runs', { method: 'POST', body: { reason: 'asked for in the console' } }),
    onSuccess: refresh,
  });
  const cancel = useMutation({
    mutationFn: (id: string) => call(`/v1/runs/${id}`, { method: 'DELETE' }),
    onSuccess: refresh,
  });
  const problem = order.error ?? cancel.error;
  return (
    <Card>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          Runs
        </Title>
        <Button size="xs" onClick={() => order.mutate()} loading={order.isPending}>
          Train now
        </Button>
      </Group>
      <Complaint about={problem} />
      <Loaded of={runs}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing has been trained yet">Runs begin when enough new labels are there, or now.</Empty>
          ) : (
            <Table.ScrollContainer minWidth={280}>
              <Table fz="sm" verticalSpacing={6}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Run</Table.Th>
                    <Table.Th visibleFrom="sm">Why</Table.Th>
                    <Table.Th>How it goes</Table.Th>
                    <Table.Th visibleFrom="sm">Took</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody className="numbers">
                  {items.map((run) => (
                    <Run key={run.id} run={run} cancel={() => cancel.mutate(run.id)} />
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

function Run({ run, cancel }: { run: RunRow; cancel: () => void }) {
  const { status, trigger, progress, note, error, modelVersion, createdAt, startedAt, finishedAt } = run;
  const seconds =
    startedAt === null || finishedAt === null ? null : (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
  return (
    <Table.Tr>
      <Table.Td>
        {modelVersion === null ? '–' : `v${modelVersion}`}
        <Text size="xs" c="var(--quiet)">
          {dateTime(createdAt)}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">{trigger}</Table.Td>
      <Table.Td>
        {isOpen(run) ? (
          <>
            <Progress value={progress * 100} animated aria-label={`Progress: ${Math.round(progress * 100)} %`} mb={4} />
            <Group gap="xs">
              <Text size="xs">{note ?? status}</Text>
              <Button size="compact-xs" variant="default" onClick={cancel}>
                Cancel
              </Button>
            </Group>
          </>
        ) : (
          <>
            <Badge color={COLOURS[status as keyof typeof COLOURS] ?? 'gray'} variant="light" miw="max-content">
              {status}
            </Badge>{' '}
            {error}
          </>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">{duration(seconds)}</Table.Td>
    </Table.Tr>
  );
}
