import { Button, Group, NumberInput } from '@mantine/core';
import { useState } from 'react';
import { LabelForm } from './label-form';
import { useBalance } from './use-balance';

/** What a person says in place of an answer: a label or, in a regression, a value. */
export type Said = { readonly label: string } | { readonly value: number };

interface AnswerFormProps {
  /** What the field asks for where labels are asked for, and what the button says. */
  readonly asks: string;
  readonly action: string;
  readonly isBusy?: boolean;
  readonly say: (said: Said) => void;
}

/** A field for the right answer, of the kind that the project has. */
export function AnswerForm({ say, ...form }: AnswerFormProps) {
  const { data } = useBalance();
  if (data?.task === 'regression') return <ValueForm {...form} say={(value) => say({ value })} />;
  const labels = data?.labels.map(({ label }) => label).sort() ?? [];
  return <LabelForm {...form} labels={labels} say={(label) => say({ label })} />;
}

function ValueForm({
  action,
  isBusy = false,
  say,
}: Omit<AnswerFormProps, 'asks' | 'say'> & { readonly say: (value: number) => void }) {
  const [typed, setTyped] = useState<string | number>('');
  const isNumber = typed !== '' && Number.isFinite(Number(typed));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!isNumber) return;
        setTyped('');
        say(Number(typed));
      }}
    >
      <Group gap="xs" align="end">
        <NumberInput
          aria-label="The right value"
          placeholder="The right value"
          flex={1}
          miw={180}
          hideControls
          value={typed}
          onChange={setTyped}
        />
        <Button type="submit" disabled={!isNumber} loading={isBusy}>
          {action}
        </Button>
      </Group>
    </form>
  );
}
