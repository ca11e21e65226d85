import { Card, Group, SegmentedControl, Select, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { call, type ClassReport, type Confusion } from './api';
import { count, percent } from './format';
import { Empty, FirstPrediction, Loaded } from './parts';
import { follow, go, useQueryString } from './url-state';
import { useBalance } from './use-balance';

/** What people said against what was answered, of one model or of two side by side. A cell opens the samples behind it. */
export function ConfusionView() {
  const { query, set } = useQueryString();
  const { split, modelVersion, beside } = query;
  const versions = beside ? [modelVersion, beside] : [modelVersion];
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end">
        <div>
          <Title order={1} size="h3">
            Confusion matrix
          </Title>
          <Text size="sm" c="var(--quiet)">
            Rows: what people said. Columns: what was answered. A cell opens its samples.
          </Text>
        </div>
        <Group align="end">
          <ModelVersion
            name="Model version"
            placeholder="All model versions"
            value={modelVersion}
            onChange={(value) => set({ modelVersion: value })}
          />
          <ModelVersion
            name="Beside it"
            placeholder="Beside another"
            value={beside}
            onChange={(value) => set({ beside: value })}
          />
          <SegmentedControl
            aria-label="Side of the split"
            value={split ?? ''}
            onChange={(value) => set({ split: value })}
            data={[
              { value: '', label: 'All' },
              { value: 'holdout', label: 'Held out' },
              { value: 'train', label: 'Train' },
            ]}
          />
        </Group>
      </Group>
      <SimpleGrid cols={{ base: 1, lg: versions.length }} spacing="lg">
        {versions.map((version, i) => (
          <Stack key={i} gap="lg" miw={0}>
            {beside && (
              <Title order={2} size="h4">
                {version ? `Version ${version}` : 'All versions'}
              </Title>
            )}
            <OfVersion split={split} modelVersion={version} />
          </Stack>
        ))}
      </SimpleGrid>
    </Stack>
  );
}

function OfVersion(filters: Filters) {
  const search = new URLSearchParams(
    Object.entries(filters).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
  const confusion = useQuery({
    queryKey: ['confusion', search.toString()],
    queryFn: () => call<Confusion>(`/v1/insights/confusion?${search}`),
    placeholderData: (before) => before,
  });
  return <Loaded of={confusion}>{(data) => <Matrix confusion={data} filters={filters} />}</Loaded>;
}

interface ModelVersionProps {
  readonly name: string;
  readonly placeholder: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

/** Versions that answered lately, as the applications named them. */
function ModelVersion({ name, placeholder, value, onChange }: ModelVersionProps) {
  const { data } = useBalance();
  const versions = [...new Set(data?.versions.map(({ version }) => version))];
  return (
    <Select
      aria-label={name}
      placeholder={placeholder}
      clearable
      w={190}
      data={versions}
      value={value ?? null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
    />
  );
}

type Filters = Readonly<Record<'split' | 'modelVersion', string | undefined>>;

function Matrix({ confusion, filters }: { confusion: Confusion; filters: Filters }) {
  const { labels, cells, classes, samples, accuracy, bias } = confusion;
  if (samples === 0)
    return (
      <Card>
        <Empty title="No labelled answers here yet">
          <FirstPrediction />
        </Empty>
      </Card>
    );
  const most = Math.max(...cells.flatMap((row, i) => row.filter((_, j) => i !== j)), 1);
  return (
    <>
      <Card>
        <Text size="sm">
          <b className="numbers">{percent(accuracy)}</b> of {count(samples)} labelled answers were right.{' '}
          <Text span c="var(--quiet)" size="sm">
            {bias}
          </Text>
        </Text>
        <div style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label="Confusion matrix">
          <table className="matrix">
            <thead>
              <tr>
                <td />
                {labels.map((label) => (
                  <th key={label} scope="col" title={label}>
                    <span>{label}</span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {labels.map((label, i) => (
                <tr key={label}>
                  <th scope="row" title={label}>
                    {label}
                  </th>
                  {cells[i]!.map((n, j) => (
                    <td key={labels[j]}>
                      <Cell
                        n={n}
                        actual={label}
                        predicted={labels[j]!}
                        of={i === j ? sum(cells[i]!) : most}
                        filters={filters}
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      <Card>
        <Classes classes={classes} filters={filters} />
      </Card>
    </>
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

interface CellProps {
  readonly n: number;
  readonly actual: string;
  readonly predicted: string;
  /** The count that has the full colour: the row's total on the diagonal, the worst confusion elsewhere. */
  readonly of: number;
  readonly filters: Filters;
}

function Cell({ n, actual, predicted, of, filters }: CellProps) {
  if (n === 0) return <span className="cell" style={{ cursor: 'default' }} aria-hidden />;
  const colour = actual === predicted ? 'var(--mantine-color-teal-6)' : 'var(--mantine-color-red-6)';
  const strength = Math.round(15 + 65 * (n / of));
  const words = actual === predicted ? `${actual}, rightly answered` : `${actual}, answered ${predicted}`;
  return (
    <button
      type="button"
      className="cell"
      title={`${words}: ${n}`}
      aria-label={`${words}: ${n}, open samples`}
      style={{ background: `color-mix(in srgb, ${colour} ${strength}%, transparent)` }}
      onClick={() => go({ view: 'samples', label: actual, predicted, ...filters })}
    >
      {n}
    </button>
  );
}

function Classes({ classes, filters }: { classes: readonly ClassReport[]; filters: Filters }) {
  const worstFirst = classes.toSorted((a, b) => (a.recall ?? 2) - (b.recall ?? 2) || b.support - a.support);
  return (
    <>
      <Title order={2} size="h4" mb="xs">
        Labels, the worst first
      </Title>
      <Table.ScrollContainer minWidth={300}>
        <Table fz="sm" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Label</Table.Th>
              <Table.Th ta="right">Samples</Table.Th>
              <Table.Th ta="right">Recall</Table.Th>
              <Table.Th ta="right">Precision</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody className="numbers">
            {worstFirst.map(({ label, support, recall, precision }) => (
              <Table.Tr key={label}>
                <Table.Td>
                  <a {...follow({ view: 'samples', label, ...filters })} style={{ color: 'inherit' }}>
                    {label}
                  </a>
                </Table.Td>
                <Table.Td ta="right">{count(support)}</Table.Td>
                <Table.Td ta="right">{percent(recall)}</Table.Td>
                <Table.Td ta="right">{percent(precision)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}
