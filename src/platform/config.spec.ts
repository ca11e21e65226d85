import { describe, expect, it } from 'vitest';
import { loadConfig } from './config.js';

describe('the configuration', () => {
  it('takes an empty variable as unset', () => {
    expect(loadConfig({ PORT: '', CORS_ORIGINS: '' })).toEqual(loadConfig({}));
    expect(loadConfig({})).toMatchObject({ PORT: 3000, CORS_ORIGINS: [], RATE_LIMIT: 0 });
  });

  it('reads the origins of pages that may use the API', () => {
    const origins = ['https://app.example.com', 'http://localhost:5173', 'http://[::1]:80', 'capacitor://localhost'];
    expect(loadConfig({ CORS_ORIGINS: origins.join(', ') }).CORS_ORIGINS).toEqual(origins);
    expect(loadConfig({ CORS_ORIGINS: '*' }).CORS_ORIGINS).toEqual(['*']);
  });

  it.each([
    'app.example.com',
    'https://app.example.com/',
    'https://app.example.com/shop',
    'https://*.example.com',
    'https://App.example.com',
    'null',
  ])('refuses %s, which no page has for its origin', (origin) => {
    expect(() => loadConfig({ CORS_ORIGINS: `https://fits.example.com,${origin}` })).toThrow(
      /CORS_ORIGINS: must be origins/,
    );
  });

  it('names every wrong variable at once, and no value', () => {
    const wrong = { PORT: 'secret', S3_ENDPOINT: 'http://127.0.0.1:9000', WEBHOOK_URL: 'http://127.0.0.1:9001' };
    const told = () => loadConfig(wrong);
    expect(told).toThrow(/PORT/);
    expect(() => loadConfig({ ...wrong, PORT: '1' })).toThrow(/WEBHOOK_SECRET[\s\S]+S3_ACCESS_KEY_ID[\s\S]+S3_SECRET/);
    expect(told).not.toThrow(/secret/);
  });
});
