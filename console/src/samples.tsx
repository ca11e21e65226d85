import { Box, Button, Card, Center, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { call, type List, type Sample } from './api';
import { dateTime, percent } from './format';
import { Empty, Loaded } from './parts';
import { Preview } from './preview';
import { FILTER_NAMES, SampleFilters } from './sample-filters';
import { SampleDrawer } from './sample-drawer';
import { useQueryString } from './url-state';
import { Unanswered, Verdict } from './verdict';

const PAGE = '50';

/** Look at the data: every filter is in the address, and a sample opens beside the list. */
export function SamplesView() {
  const { query, set } = useQueryString();
  const filters = FILTER_NAMES.flatMap((name) => (query[name] ? [[name, query[name]] as [string, string]] : []));
  const samples = useInfiniteQuery({
    queryKey: ['samples', filters],
    queryFn: ({ pageParam }) =>
      call<List<Sample>>(`/v1/samples?${new URLSearchParams([...filters, ...pageParam, ['limit', PAGE]])}`),
    initialPageParam: [] as [string, string][],
    getNextPageParam: ({ nextCursor }) => (nextCursor ? [['cursor', nextCursor] as [string, string]] : undefined),
    select: ({ pages }) => pages.flatMap(({ items }) => items),
  });
  return (
    <Stack gap="lg">
      <Title order={1} size="h3">
        Samples
      </Title>
      <SampleFilters query={query} set={set} />
      <Card p={0}>
        <Loaded of={samples}>
          {(items) =>
            items.length === 0 ? (
              <NoSamples isFiltered={filters.length > 0} />
            ) : (
              <Rows items={items} open={(id) => set({ id })} />
            )
          }
        </Loaded>
      </Card>
      {samples.hasNextPage && (
        <Center>
          <Button variant="default" onClick={() => void samples.fetchNextPage()} loading={samples.isFetchingNextPage}>
            Show more
          </Button>
        </Center>
      )}
      <SampleDrawer id={query.id} close={() => set({ id: undefined })} />
    </Stack>
  );
}

const NoSamples = ({ isFiltered }: { isFiltered: boolean }) => (
  <Empty title={isFiltered ? 'No sample is like that' : 'No samples yet'}>
    {isFiltered
      ? 'Take a filter away to see more.'
      : 'Every prediction that an application posts, and every answer of the champion, appears here.'}
  </Empty>
);

function Rows({ items, open }: { items: readonly Sample[]; open: (id: string) => void }) {
  return (
    <Table.ScrollContainer minWidth={300}>
      <Table fz="sm" highlightOnHover verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Input</Table.Th>
            <Table.Th>Answered</Table.Th>
            <Table.Th visibleFrom="sm">People say</Table.Th>
            <Table.Th visibleFrom="sm">Model</Table.Th>
            <Table.Th visibleFrom="md">When</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="numbers">
          {items.map((sample) => (
            <Table.Tr key={sample.id} className="opens" onClick={() => open(sample.id)}>
              <Table.Td maw={420} style={{ overflowWrap: 'anywhere' }}>
                <button type="button" className="row-button">
                  <Preview id={sample.id} kind={sample.kind} preview={sample.preview} />
                </button>
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                {sample.predicted ?? <Unanswered />}
                <Text size="xs" c="var(--quiet)">
                  {sample.confidence === null ? '' : percent(sample.confidence)}
                </Text>
                <Box hiddenFrom="sm">
                  <Verdict sample={sample} />
                </Box>
              </Table.Td>
              <Table.Td visibleFrom="sm" style={{ overflowWrap: 'anywhere' }}>
                <Verdict sample={sample} />
              </Table.Td>
              <Table.Td visibleFrom="sm">
                <Group gap={4}>
                  {sample.model.name ?? ''} {sample.model.version}
                </Group>
              </Table.Td>
              <Table.Td visibleFrom="md">{dateTime(sample.occurredAt)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
