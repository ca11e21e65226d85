import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call, type SampleDetail } from './api';
import { AnswerForm } from './answer-form';
import { Complaint } from './parts';

interface Decision {
  readonly kind: 'correction' | 'accept' | 'reject';
  readonly label?: string;
  readonly value?: number;
}

/** A person's word on a sample. It counts as an annotator's, so it overrules what users said. */
export function Decide({ sample }: { sample: SampleDetail }) {
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: (body: Decision) => call(`/v1/review/${encodeURIComponent(sample.id)}`, { method: 'POST', body }),
    onSuccess: () => queries.invalidateQueries(),
  });
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        What do you say?
      </Title>
      <AnswerForm
        asks="The right label"
        action={sample.predicted === null ? 'Say so' : 'Correct'}
        isBusy={decide.isPending}
        say={(said) => decide.mutate({ kind: 'correction', ...said })}
      />
      {sample.predicted !== null && (
        <Group gap="xs">
          <Button variant="default" onClick={() => decide.mutate({ kind: 'accept' })} disabled={decide.isPending}>
            {sample.predicted} is right
          </Button>
          <Button variant="default" onClick={() => decide.mutate({ kind: 'reject' })} disabled={decide.isPending}>
            Wrong, but I do not know
          </Button>
        </Group>
      )}
      <div role="status">
        {decide.isSuccess && (
          <Text size="sm" c="var(--good)">
            Saved. It will be in the next snapshot.
          </Text>
        )}
      </div>
      <Complaint about={decide.error} />
    </Stack>
  );
}
