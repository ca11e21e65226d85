import { Alert, Button, Card, Checkbox, Code, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call, type List } from './api';
import { dateTime } from './format';
import { Complaint, Loaded } from './parts';

const SCOPES = {
  ingest: 'post predictions and feedback',
  model: 'load models, as a page does that answers by itself',
  read: 'look',
  review: 'label',
  admin: 'train, promote, change settings and keys',
} as const;
type Scope = keyof typeof SCOPES;

interface Key {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

/** Keys of the project: who may do what, new ones, and an end to old ones. */
export function Keys() {
  const queries = useQueryClient();
  const keys = useQuery({ queryKey: ['keys'], queryFn: () => call<List<Key>>('/v1/settings/keys') });
  const revoke = useMutation({
    mutationFn: (id: string) => call(`/v1/settings/keys/${id}`, { method: 'DELETE' }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  return (
    <Card>
      <Title order={2} size="h4" mb="sm">
        Keys
      </Title>
      <Loaded of={keys}>
        {({ items }) => (
          <Table.ScrollContainer minWidth={320}>
            <Table fz="sm" verticalSpacing={6}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>May</Table.Th>
                  <Table.Th visibleFrom="sm">Made</Table.Th>
                  <Table.Th />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map(({ id, name, prefix, scopes, createdAt, revokedAt }) => (
                  <Table.Tr key={id}>
                    <Table.Td style={{ overflowWrap: 'anywhere' }}>
                      {name}{' '}
                      <Text span size="xs" c="var(--quiet)">
                        {prefix}…
                      </Text>
                    </Table.Td>
                    <Table.Td>{scopes.join(', ')}</Table.Td>
                    <Table.Td visibleFrom="sm">{dateTime(createdAt)}</Table.Td>
                    <Table.Td>
                      {revokedAt === null ? <Revoke name={name} revoke={() => revoke.mutate(id)} /> : 'revoked'}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Loaded>
      <Complaint about={revoke.error} />
      <NewKey />
    </Card>
  );
}

/** Asks once more, as whatever uses the key stops working. */
function Revoke({ name, revoke }: { name: string; revoke: () => void }) {
  const [isAsking, setAsking] = useState(false);
  return (
    <Button
      size="compact-xs"
      variant="default"
      aria-label={isAsking ? `Revoke ${name} for good` : `Revoke ${name}`}
      onClick={isAsking ? revoke : () => setAsking(true)}
      onBlur={() => setAsking(false)}
    >
      {isAsking ? 'For good?' : 'Revoke'}
    </Button>
  );
}

function NewKey() {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Scope[]>(['ingest']);
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () => call<{ key: string }>('/v1/settings/keys', { method: 'POST', body: { name, scopes } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Title order={3} size="h5">
          A new one
        </Title>
        <Checkbox.Group value={scopes} onChange={(value) => setScopes(value as Scope[])} aria-label="What it may do">
          <Group gap="md">
            {Object.entries(SCOPES).map(([scope, may]) => (
              <Checkbox key={scope} value={scope} label={may} size="sm" />
            ))}
          </Group>
        </Checkbox.Group>
        <Group gap="xs">
          <TextInput
            flex={1}
            miw={180}
            aria-label="Name of the key"
            placeholder="What it is for"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button
            type="submit"
            variant="default"
            loading={create.isPending}
            disabled={name.trim() === '' || scopes.length === 0}
          >
            Make a key
          </Button>
        </Group>
        {create.isSuccess && (
          <Alert color="teal" role="status" title="It is shown this once">
            <Code block>{create.data.key}</Code>
          </Alert>
        )}
        <Complaint about={create.error} />
      </Stack>
    </form>
  );
}
