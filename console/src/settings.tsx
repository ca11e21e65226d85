import { Button, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from './api';
import { Keys } from './keys';
import { Loaded } from './parts';

type Json = string | number | boolean | null | readonly Json[] | Members;
type Members = { readonly [name: string]: Json };
interface Project {
  readonly name: string;
  readonly settings: Members;
}

/** Every setting of the project, one row each. Who may promote by hand may change them. */
export function SettingsView() {
  const settings = useQuery({ queryKey: ['settings'], queryFn: () => call<Project>('/v1/settings') });
  const document = useQuery({ queryKey: ['openapi'], queryFn: () => call<Json>('/openapi.json'), staleTime: Infinity });
  return (
    <Stack gap="lg">
      <div>
        <Title order={1} size="h3">
          Settings
        </Title>
        <Text size="sm" c="var(--quiet)">
          What is not a number or a word is JSON.
        </Text>
      </div>
      <Card>
        <Loaded of={settings}>
          {(project) => (
            <Stack gap={6}>
              {leavesOf(project.settings).map(({ path, value }) => (
                <Setting
                  key={`${path.join('.')} ${JSON.stringify(value)}`}
                  path={path}
                  value={value}
                  meaning={meaningOf(document.data, path)}
                />
              ))}
            </Stack>
          )}
        </Loaded>
      </Card>
      <Keys />
    </Stack>
  );
}

/** The description in the service's own document: settings are explained in one place. */
function meaningOf(document: Json | undefined, path: readonly string[]): string {
  const steps = path.flatMap((name) => ['properties', name]);
  const schema = ['paths', '/v1/settings', 'patch', 'requestBody', 'content', 'application/json', 'schema'];
  const found = [...schema, 'properties', 'settings', ...steps, 'description'].reduce<Json | undefined>(
    (at, name) => (typeof at === 'object' && at !== null && !Array.isArray(at) ? (at as Members)[name] : undefined),
    document,
  );
  return typeof found === 'string' ? found : '';
}

interface Leaf {
  readonly path: readonly string[];
  readonly value: Json;
}

/** Settings are grouped once: a group's members, or a setting that stands alone. */
const leavesOf = (settings: Project['settings']): Leaf[] =>
  Object.entries(settings).flatMap(([name, value]): Leaf[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([member, inner]) => ({ path: [name, member], value: inner as Json }))
      : [{ path: [name], value }],
  );

function Setting({ path, value, meaning }: Leaf & { readonly meaning: string }) {
  const before = textOf(value);
  const [text, setText] = useState(before);
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => call('/v1/settings', { method: 'PATCH', body: { settings: nested(path, valueOf(text, value)) } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['settings'] }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  const name = path.join('.');
  return (
    <form onSubmit={submit}>
      <Group gap="xs" wrap="wrap">
        <div className="setting">
          <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Text>
          <Text size="xs" c="var(--quiet)">
            {meaning}
          </Text>
        </div>
        <TextInput
          size="xs"
          flex={1}
          miw={140}
          aria-label={name}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={save.error?.message}
        />
        <Button size="xs" type="submit" variant="default" disabled={text === before} loading={save.isPending}>
          Save
        </Button>
      </Group>
    </form>
  );
}

/** Words stand as they are; everything else as JSON. */
const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

function valueOf(text: string, before: Json): Json {
  if (typeof before === 'string') return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

const nested = ([first, ...rest]: readonly string[], value: Json): Json =>
  first === undefined ? value : { [first]: nested(rest, value) };
