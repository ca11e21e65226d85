import { Button, Group, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { Query } from './url-state';
import { useBalance } from './use-balance';

/** Names of the filters, as in the service's query and in the page's address. */
export const FILTER_NAMES = [
  'q',
  'label',
  'predicted',
  'labelled',
  'disputed',
  'suspect',
  'split',
  'modelVersion',
  'rater',
  'slice',
  'sort',
] as const;

const STANDING = [
  { value: 'labelled=true', label: 'Labelled' },
  { value: 'labelled=false', label: 'Without label' },
  { value: 'suspect=true', label: 'Answer and label differ' },
  { value: 'disputed=true', label: 'Disputed' },
];
const SORTS = [
  { value: 'recent', label: 'Newest first' },
  { value: 'random', label: 'Random order' },
  { value: 'uncertainty', label: 'Least sure first' },
  { value: 'suspicion', label: 'Most suspicious first' },
];
/** Filters that other pages link to; they have no field of their own and are shown to be taken away. */
const LINKED = ['split', 'modelVersion', 'rater', 'slice'] as const;

interface Props {
  readonly query: Query;
  readonly set: (changes: Record<string, string | undefined>) => void;
}

export function SampleFilters({ query, set }: Props) {
  const { data } = useBalance();
  const labels = data?.labels.map(({ label }) => label).sort() ?? [];
  const standing = STANDING.find(({ value }) => query[value.split('=')[0]!] === value.split('=')[1]);
  const chooseStanding = (value: string | null) => {
    const [name, flag] = (value ?? '').split('=');
    set({ labelled: undefined, disputed: undefined, suspect: undefined, ...(name ? { [name]: flag } : {}) });
  };
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="sm">
        <Search value={query.q ?? ''} onChange={(q) => set({ q })} />
        <LabelSelect
          title="Answered"
          labels={labels}
          value={query.predicted}
          onChange={(predicted) => set({ predicted })}
        />
        <LabelSelect title="People say" labels={labels} value={query.label} onChange={(label) => set({ label })} />
        <Select
          label="Standing"
          placeholder="Any"
          clearable
          data={STANDING}
          value={standing?.value ?? null}
          onChange={chooseStanding}
        />
        <Select
          label="Order"
          data={SORTS}
          allowDeselect={false}
          value={query.sort ?? 'recent'}
          onChange={(sort) => set({ sort: sort === 'recent' ? undefined : (sort ?? undefined) })}
        />
      </SimpleGrid>
      <Group gap="xs">
        {LINKED.filter((name) => query[name]).map((name) => (
          <Button
            key={name}
            variant="light"
            onClick={() => set({ [name]: undefined })}
            aria-label={`Remove filter ${name}`}
          >
            {name}: {query[name]} ✕
          </Button>
        ))}
      </Group>
    </Stack>
  );
}

/** Asks once the typing rests. */
function Search({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const later = useDebouncedCallback(onChange, 300);
  return (
    <TextInput
      label="Text"
      type="search"
      placeholder="Search the inputs"
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        later(event.currentTarget.value);
      }}
    />
  );
}

interface LabelSelectProps {
  readonly title: string;
  readonly labels: readonly string[];
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

const LabelSelect = ({ title, labels, value, onChange }: LabelSelectProps) => (
  <Select
    label={title}
    placeholder="Any label"
    searchable
    clearable
    data={value !== undefined && !labels.includes(value) ? [...labels, value] : labels}
    value={value ?? null}
    onChange={(chosen) => onChange(chosen ?? undefined)}
  />
);
