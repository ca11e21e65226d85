import { Button, Card, Group, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call, type List, Problem, type Sample } from './api';
import type { SampleMap } from './api-insights';
import { count } from './format';
import { MapCanvas } from './map-canvas';
import { Empty, Loaded } from './parts';
import { Preview } from './preview';
import { SampleDrawer } from './sample-drawer';
import { useQueryString } from './url-state';

const SHOWN = 50;
/** Samples asked for in one address, which ids of two hundred characters must not make too long. */
const ASKED_AT_ONCE = 25;

/** What a model learnt from, laid out by what models that had not seen it think: alike samples lie together. */
export function MapView() {
  const { query, set } = useQueryString();
  const search = query.version ? `?version=${query.version}` : '';
  const map = useQuery({
    queryKey: ['map', search],
    queryFn: () => call<SampleMap>(`/v1/insights/map${search}`).catch(nullWhereThereIsNone),
    staleTime: Infinity,
  });
  return (
    <Stack gap="lg">
      <Title order={1} size="h3">
        Map
      </Title>
      <Card>
        <Loaded of={map}>
          {(data) =>
            data === null ? (
              <Empty title="There is no map yet">The first model that learns from 40 samples or more brings one.</Empty>
            ) : (
              <Explorer key={data.version} map={data} open={(id) => set({ id })} />
            )
          }
        </Loaded>
      </Card>
      <SampleDrawer id={query.id} close={() => set({ id: undefined })} />
    </Stack>
  );
}

function nullWhereThereIsNone(error: unknown): null {
  if (error instanceof Problem && error.status === 404) return null;
  throw error;
}

function Explorer({ map, open }: { map: SampleMap; open: (id: string) => void }) {
  const [colouring, setColouring] = useState<'label' | 'wrong'>('label');
  const [mode, setMode] = useState<'lasso' | 'move'>('lasso');
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const [hovered, setHovered] = useState(-1);
  const wrong = map.ids.flatMap((_, i) => (map.label[i] === map.predicted[i] ? [] : [i]));
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm">
          {count(map.ids.length)} samples that version {map.version} learnt from, {count(wrong.length)} of them answered
          {map.isOfValues ? ' in another fifth of the scale' : ' otherwise'} by models that had not seen them.
          {map.isOfValues && ' To the right lies what a value is, upwards what was answered.'}
        </Text>
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Colours"
            value={colouring}
            onChange={(value) => setColouring(value as typeof colouring)}
            data={[
              { value: 'label', label: 'By label' },
              { value: 'wrong', label: 'Right or wrong' },
            ]}
          />
          <SegmentedControl
            size="xs"
            aria-label="A drag"
            value={mode}
            onChange={(value) => setMode(value as typeof mode)}
            data={[
              { value: 'lasso', label: 'Lasso' },
              { value: 'move', label: 'Move' },
            ]}
          />
          <Button size="compact-xs" variant="default" onClick={() => setSelected(new Set(wrong))}>
            Select the wrong ones
          </Button>
        </Group>
      </Group>
      <MapCanvas
        map={map}
        colouring={colouring}
        mode={mode}
        selected={selected}
        select={(indexes) => setSelected(new Set(indexes))}
        hover={setHovered}
      />
      <Text size="sm" h={22} className="one-line">
        {hovered >= 0 ? wordsOf(map, hovered) : 'The wheel zooms, a drag selects, a click picks one sample.'}
      </Text>
      <Selection map={map} selected={[...selected]} open={open} />
    </Stack>
  );
}

const wordsOf = ({ ids, labels, label, predicted }: SampleMap, i: number): string =>
  `${labels[label[i]!]}, models say ${labels[predicted[i]!]} (${ids[i]})`;

interface SelectionProps {
  readonly map: SampleMap;
  readonly selected: readonly number[];
  readonly open: (id: string) => void;
}

async function samplesOf(ids: readonly string[]): Promise<ReadonlyMap<string, Sample>> {
  const parts = Array.from({ length: Math.ceil(ids.length / ASKED_AT_ONCE) }, (_, part) =>
    ids.slice(part * ASKED_AT_ONCE, (part + 1) * ASKED_AT_ONCE),
  );
  const lists = await Promise.all(parts.map((part) => call<List<Sample>>(`/v1/samples?${addressOf(part)}`)));
  return new Map(lists.flatMap(({ items }) => items.map((sample) => [sample.id, sample])));
}

const addressOf = (ids: readonly string[]) =>
  new URLSearchParams([...ids.map((id): [string, string] => ['id', id]), ['limit', String(ASKED_AT_ONCE)]]);

function Selection({ map, selected, open }: SelectionProps) {
  const shown = selected.slice(0, SHOWN);
  const ids = shown.map((i) => map.ids[i]!);
  const samples = useQuery({ queryKey: ['samples of', ids], queryFn: () => samplesOf(ids), staleTime: Infinity });
  if (selected.length === 0) return null;
  return (
    <>
      <Text size="sm" role="status">
        {count(selected.length)} selected{selected.length > SHOWN && `, the first ${SHOWN} below`}
      </Text>
      <Table.ScrollContainer minWidth={300} mah={320}>
        <Table fz="sm" verticalSpacing={4} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Sample</Table.Th>
              <Table.Th>People say</Table.Th>
              <Table.Th>Models say</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((i) => (
              <Table.Tr key={map.ids[i]}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  <button type="button" className="row-button" onClick={() => open(map.ids[i]!)}>
                    <Shown id={map.ids[i]!} sample={samples.data?.get(map.ids[i]!)} />
                  </button>
                </Table.Td>
                <Table.Td>{map.labels[map.label[i]!]}</Table.Td>
                <Table.Td>{map.labels[map.predicted[i]!]}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

/** Until it is there, and where it is no more, a sample is its id. */
const Shown = ({ id, sample }: { id: string; sample: Sample | undefined }) =>
  sample ? <Preview id={id} kind={sample.kind} preview={sample.preview} /> : id;
