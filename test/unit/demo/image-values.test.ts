import { describe, expect, it } from '@jest/globals';
import { imageValues } from '../../../local/on-cluster/platform.ts';

describe('an image reference as the chart takes it', () => {
  it.each([
    ['voucher-operator:dev', { repository: 'voucher-operator', tag: 'dev' }],
    ['registry.example.org/team/operator:1.2', { repository: 'registry.example.org/team/operator', tag: '1.2' }],
    ['localhost:5000/operator', { repository: 'localhost:5000/operator', tag: 'latest' }],
    ['localhost:5000/operator:1', { repository: 'localhost:5000/operator', tag: '1' }],
    ['registry.example.org/operator:1@sha256:0a', { repository: 'registry.example.org/operator', digest: 'sha256:0a' }],
  ])('%s', (reference, values) => {
    expect(imageValues(reference)).toEqual(values);
  });
});
