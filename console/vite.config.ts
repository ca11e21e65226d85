import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Two pages: the console and its login. The service hands out what is built. */
export default defineConfig({
  root: here('.'),
  plugins: [react()],
  build: {
    outDir: here('../dist-console'),
    emptyOutDir: true,
    chunkSizeWarningLimit: 1_500,
    rolldownOptions: { input: [here('index.html'), here('login.html')] },
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:3000', '/session': 'http://127.0.0.1:3000' } },
});
