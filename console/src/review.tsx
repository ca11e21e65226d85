import { Alert, Badge, Button, Card, Group, Kbd, Stack, Text, Title } from '@mantine/core';
import { useHotkeys, useInterval } from '@mantine/hooks';
import { useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call, type Loop, type Prediction, type ReviewItem, type ReviewReason } from './api';
import { percent } from './format';
import { AnswerForm, type Said } from './answer-form';
import { Empty, Loaded } from './parts';
import { SampleInput } from './sample-input';
import { useBalance } from './use-balance';
import { Verdict } from './verdict';

/** A reason is a sentence, and must be read whole on a phone. */
const WRAPPED = { label: { whiteSpace: 'normal' } } as const;

/** So must a label: long ones often differ in their last words alone. */
const WHOLE = {
  root: { height: 'auto', minHeight: 'var(--button-height)' },
  label: { ...WRAPPED.label, overflowWrap: 'anywhere', textAlign: 'start' },
} as const;
const AT_ONCE = 10;
/** Where people stand in for a model, whom somebody waits for may come at any moment, and stands at the head of the next few. */
const FEW_AT_ONCE = 3;
/** With nothing to do, what comes in appears by itself. */
const LOOK_EVERY_MS = 2_000;
const DIGITS = 9;

/** What a person is asked, in their words. */
const REASONS: Readonly<Record<ReviewReason, string>> = {
  waiting: 'somebody waits for the answer',
  audit: 'a random audit',
  disputed: 'people disagree',
  suspect: 'models that had not seen this label doubt it',
  rare: 'hardly any sample has this label yet',
  unanswered: 'no model has answered it',
  uncertain: 'the model was not sure',
};

interface Decision {
  readonly sampleId: string;
  readonly kind: 'correction' | 'accept' | 'skip';
  readonly label?: string;
  readonly value?: number;
}

/** One sample after the other, by keyboard: what a person says counts as an annotator's word. */
export function ReviewView() {
  const [batch, setBatch] = useState(0);
  // What was said can be taken back as far as the page remembers.
  const [past, setPast] = useState<readonly ReviewItem[]>([]);
  const loop = useQuery({ queryKey: ['loop'], queryFn: () => call<Loop>('/v1/loop') });
  const atOnce = loop.data?.standInSeconds ? FEW_AT_ONCE : AT_ONCE;
  const queue = useQuery({
    queryKey: ['review', batch],
    queryFn: () => call<{ items: ReviewItem[] }>(`/v1/review/next?n=${atOnce}`),
    refetchInterval: ({ state }) => (state.data?.items.length === 0 ? LOOK_EVERY_MS : false),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const queries = useQueryClient();
  const { data: balance } = useBalance();
  const decide = useMutation({
    mutationFn: ({ sampleId, ...body }: Decision) =>
      call(`/v1/review/${encodeURIComponent(sampleId)}`, { method: 'POST', body }),
    retry: 8,
    // A label that was new is offered from then on.
    onSuccess: (_, { label }) => {
      const isNew = label !== undefined && !balance?.labels.some((known) => known.label === label);
      if (isNew) void queries.invalidateQueries({ queryKey: ['balance'] });
    },
  });
  const next = (): void => {
    setPast([...past, ...(queue.data?.items ?? [])]);
    setBatch(batch + 1);
  };
  return (
    <Stack gap="md">
      <Loaded of={queue}>
        {({ items }) =>
          items.length > 0 ? (
            <Batch key={batch} past={past} items={items} say={decide.mutate} next={next} />
          ) : (
            <Card>
              <Empty title="Nothing is waiting to be looked at">
                New traffic brings new audits and new doubts; they appear here by themselves.
              </Empty>
            </Card>
          )
        }
      </Loaded>
      <div role="status">
        {decide.isSuccess && (
          <Text size="sm" c="var(--good)">
            Saved.
          </Text>
        )}
        {decide.isPaused && <Text size="sm">The service is away; what you said is kept and sent when it is back.</Text>}
      </div>
      {decide.isError && (
        <Alert color="red" role="alert">
          Not saved: {decide.error.message}
        </Alert>
      )}
    </Stack>
  );
}

interface BatchProps {
  readonly past: readonly ReviewItem[];
  readonly items: readonly ReviewItem[];
  readonly say: (decision: Decision) => void;
  readonly next: () => void;
}

function Batch({ past, items: latest, say, next }: BatchProps) {
  const items = [...past, ...latest];
  const [at, setAt] = useState(past.length);
  // All inputs of the batch are asked for at once, so that the next item is there when it is wanted.
  const predictions = useQueries({
    queries: items.map(({ sampleId }) => ({
      queryKey: ['prediction', sampleId],
      queryFn: () => call<Prediction>(`/v1/predictions/${encodeURIComponent(sampleId)}`),
      staleTime: Infinity,
    })),
  });
  const item = items[at]!;
  const decide = (decision: Omit<Decision, 'sampleId'>) => {
    say({ sampleId: item.sampleId, ...decision });
    if (at + 1 < items.length) setAt(at + 1);
    else next();
  };
  const back = () => setAt(Math.max(0, at - 1));
  return <Item key={item.sampleId} item={item} prediction={predictions[at]!.data} say={decide} back={back} />;
}

interface ItemProps {
  readonly item: ReviewItem;
  readonly prediction: Prediction | undefined;
  readonly say: (decision: Omit<Decision, 'sampleId'>) => void;
  readonly back: () => void;
}

function Item({ item, prediction, say, back }: ItemProps) {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const common = useCommonLabels();
  const labels = common.toSorted();
  const { sample, isBlind } = item;
  const answer = isBlind ? null : sample.predicted;
  const offered = isBlind ? common.slice(0, DIGITS).sort() : likeliest(item, prediction, labels);
  const correct = (said: Said): void => say({ kind: 'correction', ...said });
  const accept = (): void => {
    if (answer !== null) say({ kind: 'accept' });
  };
  useHotkeys(
    [
      ...offered.map((label, i): [string, () => void] => [String(i + 1), () => correct({ label })]),
      ['Enter', accept],
      ['S', () => say({ kind: 'skip' })],
      ['U', back],
      ['shift+?', () => setHelpOpen(!isHelpOpen)],
    ],
    // Where a button has the focus, Enter is its own.
    ['INPUT', 'TEXTAREA', 'SELECT', 'BUTTON'],
  );
  return (
    <Card>
      <Stack gap="md">
        <Group gap="xs" justify="space-between">
          <Title order={2} size="h4">
            What is it?
          </Title>
          <Why item={item} />
        </Group>
        {prediction ? (
          <SampleInput id={sample.id} kind={sample.kind} input={prediction.input} />
        ) : (
          <Text>{sample.preview}</Text>
        )}
        {answer !== null && (
          <Text size="sm">
            Answered <b>{answer}</b> {sample.confidence !== null && percent(sample.confidence)}; people say{' '}
            <Verdict sample={sample} />
          </Text>
        )}
        <Offered labels={offered} choose={(label) => correct({ label })} />
        <AnswerForm asks={offered.length > 0 ? 'Another label' : 'A label'} action="Say so" say={correct} />
        <Group gap="xs">
          {answer !== null && (
            <Button variant="default" size="compact-sm" styles={WHOLE} onClick={accept}>
              <Kbd mr={6}>Enter</Kbd> {answer} is right
            </Button>
          )}
          <Button variant="default" size="compact-sm" onClick={() => say({ kind: 'skip' })}>
            <Kbd mr={6}>S</Kbd> I cannot say
          </Button>
          <Button variant="default" size="compact-sm" onClick={back}>
            <Kbd mr={6}>U</Kbd> Back to the one before
          </Button>
          <Button
            variant="subtle"
            size="compact-sm"
            onClick={() => setHelpOpen(!isHelpOpen)}
            aria-expanded={isHelpOpen}
          >
            <Kbd mr={6}>?</Kbd> Help
          </Button>
        </Group>
        {isHelpOpen && <Help />}
      </Stack>
    </Card>
  );
}

/** The commonest first, as the service gives them; of values there is none to choose among. */
function useCommonLabels(): readonly string[] {
  const { data } = useBalance();
  return data?.task === 'regression' ? [] : (data?.labels.map(({ label }) => label) ?? []);
}

const Why = ({ item: { reason, isBlind, waitsUntil } }: { item: ReviewItem }) => (
  <Badge variant="default" tt="none" h="auto" aria-label="Why you are asked" styles={WRAPPED}>
    {REASONS[reason]}
    {waitsUntil && <TimeLeft until={waitsUntil} />}
    {isBlind && '; the answer is hidden, so that it cannot lead you'}
  </Badge>
);

/** How long whoever asked goes on waiting. */
function TimeLeft({ until }: { until: string }) {
  const [now, setNow] = useState(Date.now);
  useInterval(() => setNow(Date.now()), 1_000, { autoInvoke: true });
  const seconds = Math.ceil((Date.parse(until) - now) / 1_000);
  return seconds > 0 ? `, for ${seconds} s more` : '; not any more, but what you say is learnt from';
}

/** The labels that a digit chooses; of values there are none. */
function Offered({ labels, choose }: { labels: readonly string[]; choose: (label: string) => void }) {
  if (labels.length === 0) return null;
  return (
    <Group gap="xs" role="group" aria-label="Labels">
      {labels.map((label, i) => (
        <Button key={label} variant="default" size="compact-md" styles={WHOLE} onClick={() => choose(label)}>
          <Kbd mr={6}>{i + 1}</Kbd> {label}
        </Button>
      ))}
    </Group>
  );
}

const Help = () => (
  <Text size="sm" c="var(--quiet)">
    Digits choose a label, Enter accepts the answer, S skips, U goes back: what you say last about a sample counts.
    Audits are drawn at random from traffic that no model is trained on; what you say about them decides which model
    serves.
  </Text>
);

/** What the model or people take it for, then the other labels. */
function likeliest({ sample }: ReviewItem, prediction: Prediction | undefined, labels: readonly string[]): string[] {
  if (prediction?.output?.value !== undefined) return [];
  const scores = Object.entries(prediction?.output?.scores ?? {}).sort(([, a], [, b]) => b - a);
  const said = sample.label === null ? [] : [sample.label];
  const first = [...said, ...sample.candidates, ...scores.map(([label]) => label)];
  return [...new Set([...first, ...labels])].slice(0, DIGITS);
}
