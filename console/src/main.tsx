import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api';
import { Shell } from './shell';
import { Themed } from './theme';

/** What the service refuses stays refused; only silence and overload are asked again. */
const isWorthAnother = (failures: number, error: Error): boolean =>
  failures < 2 && error instanceof Problem && (error.status === 0 || error.status >= 500);

const client = new QueryClient({ defaultOptions: { queries: { retry: isWorthAnother, staleTime: 2_000 } } });

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Themed>
        <Shell />
      </Themed>
    </QueryClientProvider>
  </StrictMode>,
);
