import { Autocomplete, Button, Group } from '@mantine/core';
import { useState } from 'react';

interface LabelFormProps {
  readonly labels: readonly string[];
  /** What the field asks for, and what the button says. */
  readonly asks: string;
  readonly action: string;
  readonly isBusy?: boolean;
  readonly say: (label: string) => void;
}

/** A label, typed or chosen among the known ones. */
export function LabelForm({ labels, asks, action, isBusy = false, say }: LabelFormProps) {
  const [typed, setTyped] = useState('');
  const label = typed.trim();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (label === '') return;
        setTyped('');
        say(label);
      }}
    >
      <Group gap="xs" align="end">
        <Autocomplete
          aria-label={asks}
          placeholder={asks}
          flex={1}
          miw={180}
          maxLength={200}
          data={[...labels]}
          value={typed}
          onChange={setTyped}
        />
        <Button type="submit" disabled={label === ''} loading={isBusy}>
          {action}
        </Button>
      </Group>
    </form>
  );
}
