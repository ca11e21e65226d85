import { Alert, Button, Center, Code, Drawer, Group, Loader, Stack, Text, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

/** What a query has to show: its data, a loader before there is any, or what went wrong with a way to try again. */
export function Loaded<T>({ of, children }: { of: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (of.data !== undefined)
    return (
      <>
        {of.isError && <Failed error={of.error} again={() => void of.refetch()} isStale />}
        {children(of.data)}
      </>
    );
  if (of.isError) return <Failed error={of.error} again={() => void of.refetch()} />;
  return (
    <Center mih={160}>
      <Loader aria-label="Loading" />
    </Center>
  );
}

function Failed({ error, again, isStale = false }: { error: Error; again: () => void; isStale?: boolean }) {
  return (
    <Alert color="red" role="alert" title={isStale ? 'What you see may be old' : 'This could not be loaded'} mb="md">
      <Group justify="space-between">
        <Text size="sm">{error.message}</Text>
        <Button size="xs" variant="default" onClick={again}>
          Try again
        </Button>
      </Group>
    </Alert>
  );
}

/** Why something that was asked for was not done; nothing while there is no reason. */
export const Complaint = ({ about }: { about: Error | null }) =>
  about && (
    <Alert color="red" role="alert" p="xs" my="xs">
      {about.message}
    </Alert>
  );

/** What opens beside a list, from the right. */
export const Aside = ({ title, isOpen, close, children }: AsideProps) => (
  <Drawer
    opened={isOpen}
    onClose={close}
    position="right"
    size="lg"
    title={title}
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    {children}
  </Drawer>
);

interface AsideProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly close: () => void;
  readonly children: ReactNode;
}

export const Empty = ({ title, children }: { title: string; children: ReactNode }) => (
  <Center mih={160} p="md">
    <Stack gap="xs" maw={520} miw={0}>
      <Title order={3} size="h4">
        {title}
      </Title>
      <Text component="div" size="sm" c="var(--quiet)">
        {children}
      </Text>
    </Stack>
  </Center>
);

export const FirstPrediction = () => (
  <>
    Post what your model predicted, then what it should have said:
    <Code block mt="xs">{`curl ${location.origin}/v1/predictions -H "authorization: Bearer $KEY" \\
  -H 'content-type: application/json' -d '{"id": "msg-1",
  "model": {"version": "1"}, "input": {"text": "where is my parcel?"},
  "output": {"label": "refund", "confidence": 0.4}}'`}</Code>
  </>
);
