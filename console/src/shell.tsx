import {
  ActionIcon,
  Anchor,
  AppShell,
  Button,
  Container,
  Group,
  Menu,
  Text,
  useMantineColorScheme,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import icon from '../icon.svg';
import { call } from './api';
import { ConfusionView } from './confusion';
import { LabelsView } from './labels';
import { MapView } from './map';
import { ModelsView } from './models';
import { QualityView } from './quality';
import { ReviewView } from './review';
import { SamplesView } from './samples';
import { SettingsView } from './settings';
import { follow, useQueryString } from './url-state';
import { WheelView } from './wheel';

const VIEWS = {
  wheel: { title: 'Wheel', View: WheelView },
  quality: { title: 'Quality', View: QualityView },
  confusion: { title: 'Confusion', View: ConfusionView },
  map: { title: 'Map', View: MapView },
  samples: { title: 'Samples', View: SamplesView },
  labels: { title: 'Labels', View: LabelsView },
  review: { title: 'Review', View: ReviewView },
  models: { title: 'Models', View: ModelsView },
  settings: { title: 'Settings', View: SettingsView },
} as const;
type ViewName = keyof typeof VIEWS;

const isView = (name: string | undefined): name is ViewName => name !== undefined && name in VIEWS;

/** Frame of every page: where one is, whose data it is, and the ways out. */
export function Shell() {
  const { query } = useQueryString();
  const name = isView(query.view) ? query.view : 'wheel';
  const { View } = VIEWS[name];
  return (
    <AppShell header={{ height: 56 }} padding={0}>
      <AppShell.Header>
        <Container size="xl" h="100%" px="md">
          <Group h="100%" justify="space-between" wrap="nowrap" gap="xs">
            <Group gap="xs" wrap="nowrap" h="100%" miw={0}>
              <Anchor href="/" aria-label="Flywheel, to the wheel" lh={1}>
                <img src={icon} alt="" width={26} height={26} />
              </Anchor>
              <Group component="nav" gap={4} wrap="nowrap" aria-label="Views" miw={0} style={{ overflowX: 'auto' }}>
                {Object.entries(VIEWS).map(([view, { title }]) => (
                  <ViewLink key={view} view={view} title={title} isCurrent={view === name} />
                ))}
              </Group>
            </Group>
            <Account />
          </Group>
        </Container>
      </AppShell.Header>
      <AppShell.Main>
        <Container size="xl" px="md" py="lg">
          <View />
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}

function ViewLink({ view, title, isCurrent }: { view: string; title: string; isCurrent: boolean }) {
  return (
    <Button
      component="a"
      {...follow({ view })}
      variant={isCurrent ? 'light' : 'subtle'}
      color={isCurrent ? undefined : 'gray'}
      size="compact-sm"
      fz="sm"
      flex="none"
      aria-current={isCurrent ? 'page' : undefined}
    >
      {title}
    </Button>
  );
}

function Account() {
  const { data } = useQuery({
    queryKey: ['session'],
    queryFn: () => call<{ projectId: string; keyName: string }>('/session'),
    staleTime: Infinity,
  });
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const logOut = async () => {
    await call('/session', { method: 'DELETE' });
    location.assign('/login.html');
  };
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="sm" visibleFrom="sm" title={`Key: ${data?.keyName ?? ''}`}>
        {data?.projectId}
      </Text>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="default" size="lg" aria-label="Menu">
            ☰
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{data ? `Project ${data.projectId}, key ${data.keyName}` : 'Project'}</Menu.Label>
          <Menu.Item component="a" href="/docs">
            API documentation
          </Menu.Item>
          <Menu.Item component="a" href="/queues">
            Queues (admin key)
          </Menu.Item>
          <Menu.Divider />
          <Menu.Label>Colours</Menu.Label>
          {(['auto', 'light', 'dark'] as const).map((scheme) => (
            <Menu.Item
              key={scheme}
              onClick={() => setColorScheme(scheme)}
              rightSection={scheme === colorScheme ? '✓' : ''}
            >
              {{ auto: 'As the system', light: 'Light', dark: 'Dark' }[scheme]}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => void logOut()}>Log out</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
