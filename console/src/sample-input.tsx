import { Code, Image, Text } from '@mantine/core';
import { Sparkline } from '@mantine/charts';
import type { Input } from './api';
import { pictureOf } from './preview';

const MOST_NUMBERS = 24;

/** Pixels of the longer side of a picture that was uploaded, at most. */
const LARGE = 640;

/** An input as a person would look at it: text as text, numbers as a line, a picture as a picture. */
export function SampleInput({ id, kind, input }: { id: string; kind: string; input: Input }) {
  if (input.text !== undefined)
    return (
      <Text fz="lg" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {input.text}
      </Text>
    );
  if (kind === 'image')
    return (
      <Image
        src={input.image ? `data:${input.image.contentType};base64,${input.image.base64}` : pictureOf(id, LARGE)}
        alt="The sample's image"
        fit="contain"
        mah={320}
        style={{ imageRendering: 'pixelated' }}
      />
    );
  if (input.vector)
    return (
      <>
        <Sparkline h={80} data={[...input.vector]} curveType="linear" fillOpacity={0.2} aria-hidden />
        <Code block>
          {input.vector.slice(0, MOST_NUMBERS).join('  ')}
          {input.vector.length > MOST_NUMBERS ? `  … ${input.vector.length} numbers` : ''}
        </Code>
      </>
    );
  return <Code>{input.blob}</Code>;
}
