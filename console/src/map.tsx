import { Button, Card, Group, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call, Problem } from './api';
import type { SampleMap } from './api-insights';
import { count } from './format';
import { MapCanvas } from './map-canvas';
import { Empty, Loaded } from './parts';
import { SampleDrawer } from './sample-drawer';
import { useQueryString } from './url-state';

const SHOWN = 100;

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

function Selection({ map, selected, open }: SelectionProps) {
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
            {selected.slice(0, SHOWN).map((i) => (
              <Table.Tr key={map.ids[i]}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  <button type="button" className="row-button" onClick={() => open(map.ids[i]!)}>
                    {map.ids[i]}
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
