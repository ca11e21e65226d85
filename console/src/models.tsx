import { Badge, Card, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { call, type List } from './api';
import type { ModelRow } from './api-models';
import { count, dateTime, percent } from './format';
import { ModelDrawer } from './model-drawer';
import { Empty, Loaded } from './parts';
import { Runs } from './runs';
import { useQueryString } from './url-state';

const EVERY_MS = 5_000;

/** What is being trained, what was, and what became of it. */
export function ModelsView() {
  const { query, set } = useQueryString();
  const models = useQuery({
    queryKey: ['models'],
    queryFn: () => call<List<ModelRow>>('/v1/models?limit=50'),
    refetchInterval: EVERY_MS,
  });
  return (
    <Stack gap="lg">
      <Title order={1} size="h3">
        Models
      </Title>
      <Runs />
      <Card>
        <Title order={2} size="h4" mb="xs">
          Versions
        </Title>
        <Loaded of={models}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="There is no model yet">The first run makes version 1.</Empty>
            ) : (
              <Versions models={items} open={(version) => set({ version })} />
            )
          }
        </Loaded>
      </Card>
      <ModelDrawer version={query.version} close={() => set({ version: undefined })} />
    </Stack>
  );
}

function Versions({ models, open }: { models: readonly ModelRow[]; open: (version: string) => void }) {
  return (
    <Table.ScrollContainer minWidth={280}>
      <Table fz="sm" highlightOnHover verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Version</Table.Th>
            <Table.Th visibleFrom="sm">Learnt from</Table.Th>
            <Table.Th>Held out</Table.Th>
            <Table.Th visibleFrom="sm">Champion then</Table.Th>
            <Table.Th visibleFrom="sm">Calibration error</Table.Th>
            <Table.Th visibleFrom="md">Made</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="numbers">
          {models.map(({ version, status, parent, metrics, createdAt }) => (
            <Table.Tr key={version} className="opens" onClick={() => open(String(version))}>
              <Table.Td>
                <button type="button" className="row-button">
                  v{version}
                </button>{' '}
                {status === 'champion' && (
                  <Badge color="teal" variant="light">
                    serves
                  </Badge>
                )}
                <Text size="xs" c="var(--quiet)">
                  {parent === null ? 'from nothing' : `from v${parent}`}
                </Text>
              </Table.Td>
              <Table.Td visibleFrom="sm">{count(metrics.trainSamples)}</Table.Td>
              <Table.Td>{percent(metrics.holdoutAccuracy)}</Table.Td>
              <Table.Td visibleFrom="sm">{percent(metrics.championAccuracy)}</Table.Td>
              <Table.Td visibleFrom="sm">{metrics.calibrationError?.toFixed(3) ?? '–'}</Table.Td>
              <Table.Td visibleFrom="md">{dateTime(createdAt)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
