import { Badge, Card, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ComponentProps, ReactNode } from 'react';
import { call } from './api';
import type { Contested, DuplicateGroup, Raters, Suspect } from './api-insights';
import { count, percent } from './format';
import { Empty, Loaded } from './parts';
import { Preview } from './preview';
import { SampleDrawer } from './sample-drawer';
import { useQueryString } from './url-state';

/** What may be wrong with the labels: doubted ones, disputes, twice the same input, and who says what. */
export function LabelsView() {
  const { query, set } = useQueryString();
  const open = (id: string): void => set({ id });
  return (
    <Stack gap="lg">
      <Title order={1} size="h3">
        Labels
      </Title>
      <Suspects open={open} />
      <People open={open} />
      <Duplicates open={open} />
      <SampleDrawer id={query.id} close={() => set({ id: undefined })} />
    </Stack>
  );
}

interface Opens {
  readonly open: (sampleId: string) => void;
}

function Section({ title, about, children }: { title: string; about: string; children: ReactNode }) {
  return (
    <Card>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text size="sm" c="var(--quiet)" mb="sm">
        {about}
      </Text>
      {children}
    </Card>
  );
}

/** A table that scrolls in itself on a narrow screen; the first column opens a sample. */
function Rows({ head, children }: { head: readonly string[]; children: ReactNode }) {
  return (
    <Table.ScrollContainer minWidth={320} mah={420}>
      <Table fz="sm" verticalSpacing={6} stickyHeader>
        <Table.Thead>
          <Table.Tr>
            {head.map((title) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="numbers">{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Pixels a text keeps; on a phone the table scrolls sideways instead. */
const LEGIBLE = 200;

const Opener = ({ open, ...of }: ComponentProps<typeof Preview> & Opens) => (
  <Table.Td maw={380} style={{ overflowWrap: 'anywhere' }}>
    <button
      type="button"
      className="row-button"
      style={{ display: 'inline-block', minWidth: LEGIBLE }}
      onClick={() => open(of.id)}
    >
      <Preview {...of} />
    </button>
  </Table.Td>
);

function Suspects({ open }: Opens) {
  const suspects = useQuery({
    queryKey: ['suspects'],
    queryFn: () => call<{ items: readonly Suspect[] }>('/v1/insights/suspects'),
  });
  return (
    <Section
      title="Doubted labels"
      about="Models that had not seen these samples say something else, the surest first. Labels are never changed by a model."
    >
      <Loaded of={suspects}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No label is doubted">Doubts come with each training run of 40 samples or more.</Empty>
          ) : (
            <Rows head={['Input', 'People say', 'Models say', 'Margin']}>
              {items.map(({ sampleId, preview, kind, label, instead, margin, isFlagged }) => (
                <Table.Tr key={sampleId}>
                  <Opener id={sampleId} kind={kind} preview={preview} open={open} />
                  <Table.Td>{label}</Table.Td>
                  <Table.Td>
                    {instead}{' '}
                    {isFlagged && (
                      <Badge size="xs" color="orange" variant="light" title="Confident learning takes it for wrong">
                        flagged
                      </Badge>
                    )}
                  </Table.Td>
                  <Table.Td>{margin.toFixed(2)}</Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          )
        }
      </Loaded>
    </Section>
  );
}

const METHODS = {
  majority: 'The majority is believed.',
  'dawid-skene':
    'Who is trusted more counts more (Dawid and Skene): that foretells what people say better than taking all alike.',
} as const;

function People({ open }: Opens) {
  const raters = useQuery({ queryKey: ['raters'], queryFn: () => call<Raters>('/v1/insights/raters') });
  return (
    <Section
      title="People"
      about="How much each person said lately, how often the label is theirs, how much of what they said is doubted above, and the chance that they are right as told from agreement and golden items."
    >
      <Loaded of={raters}>
        {({ items, disputes, decidedByTrust, method, reviewers }) =>
          items.length === 0 ? (
            <Empty title="Nobody has said anything yet">Feedback names its rater.</Empty>
          ) : (
            <Stack gap="md">
              <Rows head={['Person', 'Answers', 'Label is theirs', 'Doubted', 'Trust']}>
                {items.map(({ rater, role, answers, agreement, doubted, trust }) => (
                  <Table.Tr key={`${role} ${rater}`}>
                    <Table.Td>
                      {rater}{' '}
                      <Text span size="xs" c="var(--quiet)">
                        {role}
                      </Text>
                    </Table.Td>
                    <Table.Td>{count(answers)}</Table.Td>
                    <Table.Td>{percent(agreement)}</Table.Td>
                    <Table.Td title={`${count(doubted)} of them`}>{percent(doubted / answers)}</Table.Td>
                    <Table.Td>{percent(trust)}</Table.Td>
                  </Table.Tr>
                ))}
              </Rows>
              {reviewers.length > 0 && <Reviewers reviewers={reviewers} />}
              {disputes.length + decidedByTrust.length > 0 && (
                <Text size="sm" c="var(--quiet)">
                  {METHODS[method]}
                </Text>
              )}
              <ContestedRows title="They cannot agree" items={disputes} open={open} />
              <ContestedRows title="Decided by whom to trust" items={decidedByTrust} open={open} />
            </Stack>
          )
        }
      </Loaded>
    </Section>
  );
}

const MOST_CONTESTED = 50;

/** What people say different things about, and what is likeliest; nothing where there is none. */
const ContestedRows = ({ title, items, open }: { title: string; items: readonly Contested[] } & Opens) =>
  items.length > 0 && (
    <div>
      <Title order={3} size="h5">
        {title} ({count(items.length)})
      </Title>
      <Rows head={['Input', 'They say', 'Likeliest']}>
        {items.slice(0, MOST_CONTESTED).map(({ sampleId, preview, kind, answers, suggested, isAgainstMost }) => (
          <Table.Tr key={sampleId}>
            <Opener id={sampleId} kind={kind} preview={preview} open={open} />
            <Table.Td>
              {answers.map(({ rater, label }) => (
                <Text key={rater} size="xs">
                  {rater}: {label}
                </Text>
              ))}
            </Table.Td>
            <Table.Td>
              {suggested ? `${suggested.label} ${percent(suggested.probability)}` : 'not compared yet'}{' '}
              {isAgainstMost && (
                <Badge size="xs" color="orange" variant="light">
                  against most
                </Badge>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Rows>
    </div>
  );

const share = (part: number, of: number): string => (of === 0 ? '–' : `${percent(part / of)} of ${count(of)}`);

/** Who agrees much more often when the answer is in sight follows it. */
const Reviewers = ({ reviewers }: { reviewers: Raters['reviewers'] }) => (
  <div>
    <Title order={3} size="h5">
      Do reviewers follow the model?
    </Title>
    <Text size="sm" c="var(--quiet)">
      How often they say what it said, with its answer in sight and, for one item in five, hidden. Audits are not
      counted.
    </Text>
    <Rows head={['Person', 'In sight', 'Hidden']}>
      {reviewers.map(({ rater, shown, agreedShown, hidden, agreedHidden }) => (
        <Table.Tr key={rater}>
          <Table.Td>{rater}</Table.Td>
          <Table.Td>{share(agreedShown, shown)}</Table.Td>
          <Table.Td>{share(agreedHidden, hidden)}</Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  </div>
);

function Duplicates({ open }: Opens) {
  const duplicates = useQuery({
    queryKey: ['duplicates'],
    queryFn: () =>
      call<{ items: readonly DuplicateGroup[]; looked: number; duplicates: number }>('/v1/insights/duplicates'),
  });
  return (
    <Section
      title="Again and again"
      about="Inputs of the latest traffic that are the same or nearly so; those that people labelled differently first."
    >
      <Loaded of={duplicates}>
        {({ items, looked, duplicates: repeated }) =>
          items.length === 0 ? (
            <Empty title="No input came twice">{count(looked)} were looked at.</Empty>
          ) : (
            <>
              <Text size="sm" mb="xs">
                {count(repeated)} of {count(looked)} inputs repeat another one.
              </Text>
              <Rows head={['Input', 'How often', 'Labels']}>
                {items.map(({ size, labels, isContradictory, samples: [first] }) => (
                  <Table.Tr key={first!.sampleId}>
                    <Opener id={first!.sampleId} kind={first!.kind} preview={first!.preview} open={open} />
                    <Table.Td>{count(size)}</Table.Td>
                    <Table.Td>
                      {labels.join(', ') || '–'}{' '}
                      {isContradictory && (
                        <Badge size="xs" color="red" variant="light">
                          contradictory
                        </Badge>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Rows>
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
