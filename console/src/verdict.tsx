import { Badge, Text } from '@mantine/core';
import type { Sample } from './api';

/** What people said of an answer, in words and not by colour alone. */
export function Verdict({ sample: { status, label, predicted, candidates } }: { sample: Sample }) {
  if (status === 'disputed')
    return (
      <Badge color="orange" variant="light" tt="none">
        disputed: {candidates.join(' or ')}
      </Badge>
    );
  if (status === 'none' || label === null)
    return (
      <Text c="var(--quiet)" span size="sm">
        nothing yet
      </Text>
    );
  if (predicted === null)
    return (
      <Text span size="sm" fw={600}>
        {label}
      </Text>
    );
  return (
    <Text span size="sm" fw={600} c={label === predicted ? 'var(--good)' : 'var(--bad)'}>
      {label === predicted ? '✓' : '✗'} {label}
    </Text>
  );
}

/** In the place of an answer that no model has given. */
export const Unanswered = () => (
  <Text span size="sm" c="var(--quiet)">
    by no model yet
  </Text>
);
