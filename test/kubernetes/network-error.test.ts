/** Owns the proof that a connection which fails says where to look. */
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { networkError, SilenceError } from '../../src/kubernetes/network-error.js';

const SERVER = 'https://kube:6443';
const withCode = (code: string, message: string): Error => Object.assign(new Error(message), { code });

describe('networkError', () => {
  it.each([
    ['ECONNREFUSED', 'Nothing answers at https://kube:6443 (why). Check that the cluster runs'],
    ['ENOTFOUND', 'The host of https://kube:6443 is not known to DNS (why).'],
    ['EHOSTUNREACH', 'https://kube:6443 cannot be reached (why).'],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'is not signed by an authority that is trusted (SELF_SIGNED_CERT_IN_CHAIN). Set certificate-authority',
    ],
    ['CERT_HAS_EXPIRED', 'The certificate of https://kube:6443 has expired.'],
    ['CERT_NOT_YET_VALID', "Check this machine's clock and the cluster's."],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'is for another name (why). Use one of its names as the server, or set tls-server-name',
    ],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS as it should (why).'],
    ['ECONNRESET', 'The connection to https://kube:6443 failed (why). The API server may have restarted.'],
  ])('explains %s', (code, words) => {
    const cause = withCode(code, 'why');
    const error = networkError(cause, SERVER);
    expect(error).toMatchObject({ name: 'RetryableError', code: 'KUBERNETES_UNAVAILABLE', cause });
    expect(error.message).toContain(words);
  });

  it('explains a silence', () => {
    expect(networkError(new SilenceError(90_000), SERVER).message).toBe(
      'https://kube:6443 has not answered for 90 s. It may be overloaded or frozen, or the network drops its packets.',
    );
  });

  it('finds words for an error without any, as when all addresses of a name fail', () => {
    expect(networkError(withCode('ECONNREFUSED', ''), SERVER).message).toContain('(ECONNREFUSED)');
    expect(networkError('odd', SERVER).message).toContain('failed (odd)');
  });

  it("leaves ecstate's own errors alone", () => {
    const error = new ConfigurationError('KUBECONFIG_INVALID', 'x');
    expect(networkError(error, SERVER)).toBe(error);
  });
});
