import { describe, expect, it } from '@jest/globals';
import { tc3Authorization } from '../../../../app/outside/providers/tc3.ts';

const CONTENT_TYPE = 'application/json; charset=utf-8';

describe('the signature TC3-HMAC-SHA256', () => {
  it('equals the example of the vendor’s documentation', () => {
    const request = {
      host: 'cvm.tencentcloudapi.com',
      service: 'cvm',
      contentType: CONTENT_TYPE,
      body: String.raw`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`,
      timestampSeconds: 1_551_113_065,
    };
    const keys = { secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE', secretKey: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE' };
    expect(tc3Authorization(request, keys)).toBe(
      'TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, ' +
        'SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168',
    );
  });

  it('equals that of the vendor’s SDK for a name with characters beyond the BMP', () => {
    // Computed with tencentcloud-sdk-nodejs-common 4.1.220, which has 39 packages and so is no dependency here.
    const name = `\u4E70\u4E70\u63D0\u00B7${String.fromCodePoint(0x2a6b2, 0x20bb7)}`;
    const request = {
      host: 'faceid.tencentcloudapi.com',
      service: 'faceid',
      contentType: CONTENT_TYPE,
      body: JSON.stringify({ IdCard: '56000119500101001X', Name: name }),
      timestampSeconds: 1_790_000_000,
    };
    expect(tc3Authorization(request, { secretId: 'AKIDEXAMPLE', secretKey: 'SECRETKEYEXAMPLE' })).toContain(
      'Signature=673de2b62bf6e144bc347822eab4e60d689e950d23e593eeb8f48f85fa03cccc',
    );
  });

  it('is of the day in UTC', () => {
    const at = (timestampSeconds: number): string =>
      tc3Authorization(
        { host: 'h', service: 's', contentType: CONTENT_TYPE, body: '{}', timestampSeconds },
        { secretId: 'id', secretKey: 'key' },
      );
    expect(at(Date.UTC(2020, 8, 25, 23, 59, 59) / 1_000)).toContain('id/2020-09-25/s/tc3_request');
    expect(at(Date.UTC(2020, 8, 26) / 1_000)).toContain('id/2020-09-26/s/tc3_request');
  });
});
