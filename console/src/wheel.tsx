import { Badge, Button, Card, Grid, Group, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { AccuracyChart } from './accuracy-chart';
import { call, type Ledger, type List, type Loop, type Run } from './api';
import { ago, count, duration, percent } from './format';
import { Complaint, Empty, FirstPrediction, Loaded } from './parts';
import { Promotions } from './promotions';
import { Quarantines } from './quarantines';
import { Stages } from './stages';
import { WheelPicture } from './wheel-picture';

const EVERY_MS = 2_000;

/** How the loop is: where things are, who serves and why, and why nothing trains now. */
export function WheelView() {
  const loop = useQuery({ queryKey: ['loop'], queryFn: () => call<Loop>('/v1/loop'), refetchInterval: EVERY_MS });
  const ledger = useQuery({
    queryKey: ['ledger'],
    queryFn: () => call<Ledger>('/v1/ledger'),
    refetchInterval: EVERY_MS,
  });
  return (
    <Loaded of={loop}>
      {(data) => (
        <Stack gap="lg">
          <Headline loop={data} />
          {data.stages.every(({ done }) => done === 0) && (
            <Card>
              <Empty title="Nothing has arrived yet">
                <FirstPrediction />
              </Empty>
            </Card>
          )}
          <Grid gap="lg">
            <Grid.Col span={{ base: 12, md: 5 }}>
              <Card h="100%">
                <WheelPicture loop={data} />
                <Training loop={data} />
              </Card>
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 7 }}>
              <Card h="100%">
                <Stages loop={data} />
              </Card>
            </Grid.Col>
          </Grid>
          <Card>
            <AccuracyChart promotions={data.promotions} />
          </Card>
          <Card>
            <Promotions promotions={data.promotions} gate={data.gate} now={data.now} />
            <Quarantines now={data.now} />
          </Card>
          <Card>
            <Loaded of={ledger}>{(books) => <Books ledger={books} />}</Loaded>
          </Card>
        </Stack>
      )}
    </Loaded>
  );
}

/** Before there is a model. */
const whoAnswers = ({ standInSeconds }: Loop): string =>
  standInSeconds > 0 ? 'people stand in: Review' : 'nobody answers; settings can let people stand in';

function Headline({ loop }: { loop: Loop }) {
  const { champion, corrections, feedbackToLiveSeconds, promotions } = loop;
  const decided = promotions.find(({ version, promoted }) => promoted && version === champion?.version);
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="lg">
      <Figure
        title="Champion"
        value={champion ? `v${champion.version}` : 'none yet'}
        note={champion ? `since ${ago(champion.since, loop.now)}` : whoAnswers(loop)}
      />
      <Figure
        title="Right on the holdout"
        value={percent(decided?.holdoutAccuracy)}
        note={decided?.holdoutSamples ? `of ${count(decided.holdoutSamples)} never trained on` : undefined}
      />
      <Figure
        title="Feedback to live"
        value={duration(feedbackToLiveSeconds)}
        note="half of the labels of the last promotion waited less"
      />
      <Figure
        title="Corrections honoured"
        value={percent(corrections.share)}
        note={`${count(corrections.honoured)} of ${count(corrections.corrected)} known to the champion`}
      />
    </SimpleGrid>
  );
}

function Figure({ title, value, note }: { title: string; value: string; note?: string }) {
  return (
    <Card>
      <Text size="sm" c="var(--quiet)">
        {title}
      </Text>
      <Text fz={26} fw={600} className="numbers" lh={1.3}>
        {value}
      </Text>
      {note && (
        <Text size="xs" c="var(--quiet)">
          {note}
        </Text>
      )}
    </Card>
  );
}

const ENDED_WITHOUT_MODEL = ['failed', 'refused', 'cancelled'];

/** Says why the latest run made no model; a run that made one is among the decisions. */
function LastRun({ now }: { now: string }) {
  const { data } = useQuery({
    queryKey: ['runs'],
    queryFn: () => call<List<Run>>('/v1/runs?limit=1'),
    refetchInterval: EVERY_MS,
  });
  const run = data?.items[0];
  if (!run || !ENDED_WITHOUT_MODEL.includes(run.status)) return null;
  return (
    <Text size="sm" c="var(--waiting)">
      The last run was {run.status} {ago(run.finishedAt, now)}
      {run.error ? `: ${run.error}.` : '.'}
    </Text>
  );
}

/** The run under way, or why there is none and how to start one. */
function Training({ loop: { retrain, now } }: { loop: Loop }) {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: ['loop'] });
  const start = useMutation({ mutationFn: () => call('/v1/runs', { method: 'POST' }), onSettled: refresh });
  const cancel = useMutation({
    mutationFn: (id: string) => call(`/v1/runs/${id}`, { method: 'DELETE' }),
    onSettled: refresh,
  });
  const { run } = retrain;
  const problem = start.error ?? cancel.error;
  return (
    <Stack gap="xs">
      {run ? (
        <>
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm">
              Training, {run.status} ({run.trigger}) {run.note}
            </Text>
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => cancel.mutate(run.id)}
              loading={cancel.isPending}
            >
              Cancel
            </Button>
          </Group>
          <Progress value={Math.max(2, run.progress * 100)} animated aria-label="Progress of the run" />
        </>
      ) : (
        <>
          <Progress
            value={Math.min(100, (retrain.newLabels / retrain.needed) * 100)}
            aria-label="New labels towards the next run"
          />
          <Group justify="space-between" align="start" wrap="nowrap">
            <Text size="sm">{sentence(retrain.reason)}</Text>
            <Button size="compact-sm" onClick={() => start.mutate()} loading={start.isPending} flex="none">
              Train now
            </Button>
          </Group>
        </>
      )}
      {!run && <LastRun now={now} />}
      <Complaint about={problem} />
    </Stack>
  );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function Books({ ledger }: { ledger: Ledger }) {
  const terms = ['stored', 'duplicate', 'conflict', 'rejected', 'parked'] as const;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">
          Ledger
        </Title>
        <Badge color={ledger.balanced ? 'teal' : 'red'} variant="light">
          {ledger.balanced ? 'balanced' : `${count(ledger.difference)} unaccounted for`}
        </Badge>
      </Group>
      {(['predictions', 'feedback'] as const).map((source) => (
        <Text key={source} size="sm" className="numbers">
          {count(ledger[source].received)} {source} received ={' '}
          {terms.map((term) => `${count(ledger[source][term])} ${term}`).join(' + ')}
        </Text>
      ))}
    </Stack>
  );
}
