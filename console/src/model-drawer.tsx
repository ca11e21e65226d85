import { Alert, Anchor, Badge, Button, Divider, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from './api';
import type { ModelDetail } from './api-models';
import { count, dateTime, duration, percent, rounded } from './format';
import { Aside, Complaint, Loaded } from './parts';
import { follow } from './url-state';

/** One version: where it comes from, how it did, what was decided, and a way to overrule that. */
export function ModelDrawer({ version, close }: { version: string | undefined; close: () => void }) {
  return (
    <Aside isOpen={version !== undefined} close={close} title={`Version ${version ?? ''}`}>
      {version !== undefined && <Detail key={version} version={version} />}
    </Aside>
  );
}

function Detail({ version }: { version: string }) {
  const model = useQuery({
    queryKey: ['model', version],
    queryFn: () => call<ModelDetail>(`/v1/models/${encodeURIComponent(version)}`),
  });
  return (
    <Loaded of={model}>
      {(data) => (
        <Stack gap="md">
          <Facts model={data} />
          {(data.metrics.outOfFold?.alarms ?? []).map((alarm) => (
            <Alert key={alarm} color="orange" p="xs">
              {alarm}
            </Alert>
          ))}
          <Group gap="md">
            <Anchor size="sm" {...follow({ view: 'map', version })}>
              Its samples on a map
            </Anchor>
            <Anchor size="sm" {...follow({ view: 'samples', modelVersion: version })}>
              Its answers
            </Anchor>
          </Group>
          <Divider />
          <Decisions model={data} />
          <Divider />
          <Overrule model={data} />
        </Stack>
      )}
    </Loaded>
  );
}

function Facts({ model }: { model: ModelDetail }) {
  const { metrics, evaluation } = model;
  const facts: [string, string | null][] = [
    ['Made', dateTime(model.createdAt)],
    ['Parent', model.parent === null ? 'none: learnt from nothing' : `v${model.parent}`],
    ['Learnt from', `${count(metrics.trainSamples)} ${model.kind} samples in ${duration(metrics.seconds)}`],
    ['Labels', model.labels.length > 0 ? count(model.labels.length) : null],
    ['Held out', heldOut(model)],
    ['Off on average', errorsOf(model)],
    ['Nine of ten answers are within', widthOf(model)],
    ['Golden samples', evaluation?.golden ? boutOf(evaluation.golden) : null],
    ['Since it serves', watchOf(model)],
    ['Calibration error', metrics.calibrationError?.toFixed(3) ?? null],
    ['Labels left out, flagged', doubts(model)],
    ['Out of scope', scopeOf(model)],
    ['Nearly learnt by heart', leaksOf(model)],
    ['Size', `${(model.bytes / 1e6).toFixed(2)} MB, ${model.backend}`],
    ['Snapshot', model.snapshotId],
    ['SHA-256', model.sha256.slice(0, 16)],
  ];
  return (
    <Table fz="sm" verticalSpacing={4}>
      <Table.Tbody className="numbers">
        {facts.map(
          ([name, value]) =>
            value !== null && (
              <Table.Tr key={name}>
                <Table.Th fw={400} c="var(--quiet)">
                  {name}
                </Table.Th>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
              </Table.Tr>
            ),
        )}
      </Table.Tbody>
    </Table>
  );
}

const bout = ({ wins, losses }: { wins: number; losses: number }): string => `${wins} gained, ${losses} lost`;
const boutOf = (golden: { samples: number; wins: number; losses: number }): string =>
  `${count(golden.samples)}: ${bout(golden)}`;

const heldOut = ({ metrics, evaluation }: ModelDetail): string | null =>
  evaluation &&
  `${percent(metrics.holdoutAccuracy)} of ${count(metrics.holdoutSamples ?? 0)} right; beside the champion of that day ${bout(evaluation)}`;

/** Of values: how far off on what was held out, and how far the others are. */
function errorsOf({ evaluation }: ModelDetail): string | null {
  if (!evaluation?.errors) return null;
  const { challenger, champion, constant } = evaluation.errors;
  const others = [
    champion && `the champion ${rounded(champion.meanAbsolute)}`,
    `a constant ${rounded(constant.meanAbsolute)}`,
  ];
  return `${rounded(challenger.meanAbsolute)}; ${others.filter(Boolean).join(', ')}`;
}

const widthOf = ({ metrics: { outOfFold } }: ModelDetail): string | null =>
  outOfFold?.halfWidth === undefined ? null : `± ${rounded(outOfFold.halfWidth)}`;

const doubts = ({ metrics: { outOfFold } }: ModelDetail): string | null =>
  outOfFold?.pruned !== undefined ? `${count(outOfFold.pruned)}, ${count(outOfFold.flagged ?? 0)}` : null;

const scopeOf = ({ metrics: { outOfScope } }: ModelDetail): string | null =>
  outOfScope
    ? `below ${percent(outOfScope.threshold)}: catches ${outOfScope.outOfScope.caught} of ${outOfScope.outOfScope.samples}, costs ${outOfScope.inScope.refusedRight} right answers of ${outOfScope.inScope.samples}`
    : null;

const VERDICTS = { worse: 'worse', 'as-good': 'as good', open: 'not decided yet' } as const;

const watchOf = ({ watch }: ModelDetail): string | null =>
  watch && `${VERDICTS[watch.verdict]} beside v${watch.against}: ${count(watch.samples)} audits, ${bout(watch)}`;

const leaksOf = ({ evaluation }: ModelDetail): string | null =>
  evaluation?.leaks && evaluation.leaks.samples > 0
    ? `${count(evaluation.leaks.samples)} held-out samples, ${percent(evaluation.leaks.accuracy)} right; the others ${percent(evaluation.leaks.accuracyOfOthers)}${evaluation.leaks.areLeftOut ? ', which alone were compared on' : ''}`
    : null;

function Decisions({ model: { decisions } }: { model: ModelDetail }) {
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        Decisions
      </Title>
      {decisions.length === 0 && <Text size="sm">Not judged yet.</Text>}
      {decisions.map(({ id, promoted, kind, reason, actor, createdAt }) => (
        <div key={id}>
          <Badge color={promoted ? 'teal' : 'gray'} variant="light" mr={6}>
            {promoted ? 'promoted' : 'refused'}
          </Badge>
          <Text span size="sm">
            {reason}
          </Text>
          <Text size="xs" c="var(--quiet)">
            {kind}, {actor}, {dateTime(createdAt)}
          </Text>
        </div>
      ))}
    </Stack>
  );
}

/** Promotes by hand or, for the version that serves, goes back to the one before; a reason goes with either. */
function Overrule({ model: { version, status } }: { model: ModelDetail }) {
  const [reason, setReason] = useState('');
  const queries = useQueryClient();
  const serves = status === 'champion';
  const act = useMutation({
    mutationFn: () =>
      call(serves ? '/v1/models/rollback' : `/v1/models/${version}/promote`, { method: 'POST', body: { reason } }),
    onSuccess: () => queries.invalidateQueries(),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    act.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Title order={3} size="h5">
          {serves ? 'Back to the version before' : 'Put it in service'}
        </Title>
        <Group gap="xs" align="start">
          <TextInput
            flex={1}
            miw={180}
            aria-label="Reason"
            placeholder="Why"
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={act.isPending} disabled={reason.trim() === ''}>
            {serves ? 'Roll back' : 'Promote'}
          </Button>
        </Group>
        <div role="status">
          {act.isSuccess && (
            <Text size="sm" c="var(--good)">
              Done.
            </Text>
          )}
        </div>
        <Complaint about={act.error} />
      </Stack>
    </form>
  );
}
