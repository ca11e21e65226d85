import { Button, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call, type List, type Quarantine } from './api';
import { ago, count } from './format';
import { Complaint } from './parts';

const EVERY_MS = 5_000;

/** Labels kept out of training because their model would have done harm; nothing where there are none. */
export function Quarantines({ now }: { now: string }) {
  const { data } = useQuery({
    queryKey: ['quarantines'],
    queryFn: () => call<List<Quarantine>>('/v1/quarantines?limit=20'),
    refetchInterval: EVERY_MS,
  });
  const open = (data?.items ?? []).filter(({ releasedAt }) => releasedAt === null);
  if (open.length === 0) return null;
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        In quarantine
      </Title>
      {open.map((quarantine) => (
        <Held key={quarantine.id} quarantine={quarantine} now={now} />
      ))}
    </Stack>
  );
}

function Held({
  quarantine: { id, version, reason, labels, createdAt },
  now,
}: {
  quarantine: Quarantine;
  now: string;
}) {
  const [why, setWhy] = useState('');
  const queries = useQueryClient();
  const release = useMutation({
    mutationFn: () => call(`/v1/quarantines/${id}/release`, { method: 'POST', body: { reason: why } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['quarantines'] }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    release.mutate();
  };
  return (
    <Stack gap={6}>
      <Text size="sm">
        {count(labels)} labels that were new in v{version}, {ago(createdAt, now)}: the model was {reason}. They are
        learnt from again when an annotator has verified them, or all at once:
      </Text>
      <form onSubmit={submit}>
        <Group gap="xs" align="start">
          <TextInput
            size="xs"
            flex={1}
            miw={180}
            placeholder="Why they are right after all"
            aria-label={`Reason to release the labels of version ${version}`}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
            required
          />
          <Button size="xs" variant="default" type="submit" loading={release.isPending} disabled={why.trim() === ''}>
            Release
          </Button>
        </Group>
      </form>
      <Complaint about={release.error} />
    </Stack>
  );
}
