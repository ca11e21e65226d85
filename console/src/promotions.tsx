import { Badge, Button, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Loop, Promotion } from './api';
import { ago, count, dateTime, duration, percent } from './format';
import { Empty } from './parts';

const FIRST = 6;

/** Every decision about who serves, newest first, refusals too. */
export function Promotions({
  promotions,
  gate,
  now,
}: {
  promotions: readonly Promotion[];
  gate: Loop['gate'];
  now: string;
}) {
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? promotions : promotions.slice(0, FIRST);
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        Decisions
      </Title>
      <Text size="sm" c="var(--quiet)">
        {gate.basis === 'golden'
          ? `${count(gate.goldenSamples)} golden samples decide: a fair sample of the traffic, verified by people.`
          : `Judged on what users corrected, which is no fair sample: ${count(gate.goldenSamples)} of ${count(gate.needed)} golden samples are verified. Audits in the review queue add to them.`}
      </Text>
      {promotions.length === 0 ? (
        <Empty title="Nothing has been decided yet">
          A trained model is compared with the one that serves, and takes over only when it is better.
        </Empty>
      ) : (
        <Table.ScrollContainer minWidth={620}>
          <Table fz="sm" verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Version</Table.Th>
                <Table.Th>Decision</Table.Th>
                <Table.Th>Holdout</Table.Th>
                <Table.Th>Feedback to live</Table.Th>
                <Table.Th>When, by whom</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody className="numbers">
              {shown.map((promotion) => (
                <Decision key={`${promotion.version} ${promotion.at}`} promotion={promotion} now={now} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {promotions.length > FIRST && (
        <Button
          variant="subtle"
          size="compact-sm"
          onClick={() => setShowsAll(!showsAll)}
          style={{ alignSelf: 'start' }}
        >
          {showsAll ? 'Show fewer' : `Show all ${promotions.length}`}
        </Button>
      )}
    </Stack>
  );
}

function Decision({ promotion, now }: { promotion: Promotion; now: string }) {
  const { version, fromVersion, kind, promoted, reason, actor, at } = promotion;
  const word = promoted ? (kind === 'rollback' ? 'rolled back' : 'promoted') : 'refused';
  return (
    <Table.Tr>
      <Table.Td>
        v{version}
        {fromVersion !== null && (
          <Text span size="xs" c="var(--quiet)">
            {' '}
            after v{fromVersion}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Badge color={promoted ? 'teal' : 'gray'} variant="light" mr={6}>
          {word}
        </Badge>
        {reason}
      </Table.Td>
      <Table.Td>{percent(promotion.holdoutAccuracy)}</Table.Td>
      <Table.Td>{duration(promotion.feedbackToLiveSeconds)}</Table.Td>
      <Table.Td title={dateTime(at)}>
        {ago(at, now)}, {actor}
      </Table.Td>
    </Table.Tr>
  );
}
