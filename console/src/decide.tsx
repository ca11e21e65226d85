import { Alert, Autocomplete, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call, type SampleDetail } from './api';
import { useBalance } from './use-balance';

interface Decision {
  readonly kind: 'correction' | 'accept' | 'reject';
  readonly label?: string;
}

/** A person's word on a sample. It counts as an annotator's, so it overrules what users said. */
export function Decide({ sample }: { sample: SampleDetail }) {
  const [label, setLabel] = useState('');
  const queries = useQueryClient();
  const { data } = useBalance();
  const decide = useMutation({
    mutationFn: (body: Decision) => call(`/v1/review/${encodeURIComponent(sample.id)}`, { method: 'POST', body }),
    onSuccess: async () => {
      setLabel('');
      await queries.invalidateQueries();
    },
  });
  const correct = () => label.trim() && decide.mutate({ kind: 'correction', label: label.trim() });
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        What do you say?
      </Title>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          correct();
        }}
      >
        <Group gap="xs" align="end">
          <Autocomplete
            aria-label="The right label"
            placeholder="The right label"
            flex={1}
            miw={180}
            maxLength={200}
            data={data?.labels.map((row) => row.label).sort() ?? []}
            value={label}
            onChange={setLabel}
          />
          <Button type="submit" disabled={label.trim() === ''} loading={decide.isPending}>
            Correct
          </Button>
        </Group>
      </form>
      <Group gap="xs">
        <Button variant="default" onClick={() => decide.mutate({ kind: 'accept' })} disabled={decide.isPending}>
          {sample.predicted} is right
        </Button>
        <Button variant="default" onClick={() => decide.mutate({ kind: 'reject' })} disabled={decide.isPending}>
          Wrong, but I do not know
        </Button>
      </Group>
      <div role="status">
        {decide.isSuccess && (
          <Text size="sm" c="var(--good)">
            Saved. It will be in the next snapshot.
          </Text>
        )}
      </div>
      {decide.isError && (
        <Alert color="red" role="alert">
          {decide.error.message}
        </Alert>
      )}
    </Stack>
  );
}
