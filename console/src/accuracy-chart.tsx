import { LineChart } from '@mantine/charts';
import { Group, Text, Title } from '@mantine/core';
import type { Promotion } from './api';
import { Empty } from './parts';

const SERIES = [
  { name: 'this version', color: 'teal.6' },
  { name: 'champion it was compared with', color: 'gray.5', strokeDasharray: '5 4' },
];

/** Every version that was compared, in order, beside the champion of its day on the same held-out samples. */
export function AccuracyChart({ promotions }: { promotions: readonly Promotion[] }) {
  const decided = promotions
    .filter(({ kind, holdoutAccuracy }) => kind === 'automatic' && holdoutAccuracy !== null)
    .toSorted((a, b) => a.version - b.version);
  const data = decided.map(({ version, promoted, holdoutAccuracy, championAccuracy }) => ({
    version: promoted ? `v${version}` : `v${version} refused`,
    'this version': holdoutAccuracy,
    'champion it was compared with': championAccuracy,
  }));
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          Accuracy by model version
        </Title>
        <Text size="xs" c="var(--quiet)">
          Share right on held-out labels, both on the same ones. The set grows, so compare within a version.
        </Text>
      </Group>
      {data.length === 0 ? (
        <Empty title="No model has been compared yet">The first one appears when enough labels have come in.</Empty>
      ) : (
        <LineChart
          h={260}
          data={data}
          dataKey="version"
          series={SERIES}
          curveType="linear"
          withLegend
          legendProps={{ verticalAlign: 'bottom' }}
          connectNulls={false}
          valueFormatter={(share) => `${(share * 100).toFixed(1)} %`}
          yAxisProps={{
            domain: [0, 1],
            ticks: [0, 0.25, 0.5, 0.75, 1],
            tickFormatter: (share: number) => `${share * 100} %`,
          }}
          lineProps={{ isAnimationActive: false }}
        />
      )}
    </>
  );
}
