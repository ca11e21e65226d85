import { Alert, Anchor, Button, Card, Center, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { call, Problem } from './api';
import { Themed } from './theme';

interface Session {
  readonly projectId: string | null;
}

/** The page asked for, when it is one of ours; else the console, or for an operator the queues. */
function destination({ projectId }: Session): string {
  const next = new URLSearchParams(location.search).get('next');
  const url = next !== null && URL.canParse(next, location.origin) ? new URL(next, location.origin) : undefined;
  const isQueues = url?.pathname.startsWith('/queues') === true;
  if (url?.origin === location.origin && isQueues === (projectId === null)) return url.pathname + url.search;
  return projectId === null ? '/queues' : '/';
}

function Login() {
  const [key, setKey] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function logIn(given: string) {
    setBusy(true);
    setProblem(undefined);
    try {
      const session = await call<Session>('/session', { method: 'POST', body: { key: given.trim() } });
      location.replace(destination(session));
    } catch (error) {
      setBusy(false);
      setProblem(error instanceof Problem ? error.message : String(error));
    }
  }

  // A printed link carries its key behind the #, which browsers send to nobody; it leaves the address at once.
  useEffect(() => {
    const fromLink = location.hash.slice(1);
    if (!fromLink) return;
    history.replaceState(null, '', location.pathname + location.search);
    void logIn(decodeURIComponent(fromLink));
  }, []);

  return (
    <Center mih="100vh" p="md">
      <Card w="100%" maw={420} padding="xl">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void logIn(key);
          }}
        >
          <Stack>
            <Title order={1} size="h3">
              Flywheel
            </Title>
            <Text size="sm" c="var(--quiet)">
              A project's key opens its console. The admin key opens the queue dashboard. npm start printed both; they
              are kept in the data folder as api.key and admin.key.
            </Text>
            <PasswordInput
              label="Key"
              placeholder="fw_…"
              autoComplete="current-password"
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
              disabled={isBusy}
              data-autofocus
            />
            {problem && (
              <Alert color="red" role="alert">
                {problem}
              </Alert>
            )}
            <Button type="submit" loading={isBusy} disabled={key.trim() === ''}>
              Log in
            </Button>
            <Anchor href="/docs" size="sm">
              The API's documentation
            </Anchor>
          </Stack>
        </form>
      </Card>
    </Center>
  );
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Themed>
      <Login />
    </Themed>
  </StrictMode>,
);
