import type { RichDetailInput } from '../../lib/index.ts';

/** Maps have no prototype, as in decoded messages. */

/** The input, the result of protobufjs for it, our result, and our result for absent fields. */
export const samples: readonly [input: RichDetailInput, theirs: object, ours: object, empty: object][] = [
  [
    { case: 'errorInfo', value: { reason: 'OUT', domain: 'a.b', metadata: { left: '0' } } },
    { reason: 'OUT', domain: 'a.b', metadata: { left: '0' } },
    { reason: 'OUT', domain: 'a.b', metadata: { left: '0' } },
    { reason: '', domain: '', metadata: {} },
  ],
  [
    { case: 'retryInfo', value: { retryDelay: { seconds: 5, nanos: 7 } } },
    { retryDelay: { seconds: '5', nanos: 7 } },
    { retryDelay: { seconds: 5n, nanos: 7 } },
    { retryDelay: undefined },
  ],
  [
    { case: 'debugInfo', value: { stackEntries: ['a', 'b'], detail: 'd' } },
    { stackEntries: ['a', 'b'], detail: 'd' },
    { stackEntries: ['a', 'b'], detail: 'd' },
    { stackEntries: [], detail: '' },
  ],
  [
    {
      case: 'quotaFailure',
      value: {
        violations: [
          {
            subject: 's',
            description: 'd',
            apiService: 'a',
            quotaMetric: 'm',
            quotaId: 'i',
            quotaDimensions: { region: 'eu' },
            quotaValue: 2n ** 62n,
            futureQuotaValue: 0,
          },
          {},
        ],
      },
    },
    {
      violations: [
        {
          subject: 's',
          description: 'd',
          apiService: 'a',
          quotaMetric: 'm',
          quotaId: 'i',
          quotaDimensions: { region: 'eu' },
          quotaValue: String(2n ** 62n),
          futureQuotaValue: '0',
        },
        {},
      ],
    },
    {
      violations: [
        {
          subject: 's',
          description: 'd',
          apiService: 'a',
          quotaMetric: 'm',
          quotaId: 'i',
          quotaDimensions: { region: 'eu' },
          quotaValue: 2n ** 62n,
          futureQuotaValue: 0n,
        },
        {
          subject: '',
          description: '',
          apiService: '',
          quotaMetric: '',
          quotaId: '',
          quotaDimensions: {},
          quotaValue: 0n,
          futureQuotaValue: undefined,
        },
      ],
    },
    { violations: [] },
  ],
  [
    { case: 'preconditionFailure', value: { violations: [{ type: 't', subject: 's', description: 'd' }] } },
    { violations: [{ type: 't', subject: 's', description: 'd' }] },
    { violations: [{ type: 't', subject: 's', description: 'd' }] },
    { violations: [] },
  ],
  [
    {
      case: 'badRequest',
      value: {
        fieldViolations: [
          { field: 'f', description: 'd', reason: 'R', localizedMessage: { locale: 'de', message: 'm' } },
          { field: 'g' },
        ],
      },
    },
    {
      fieldViolations: [
        { field: 'f', description: 'd', reason: 'R', localizedMessage: { locale: 'de', message: 'm' } },
        { field: 'g' },
      ],
    },
    {
      fieldViolations: [
        { field: 'f', description: 'd', reason: 'R', localizedMessage: { locale: 'de', message: 'm' } },
        { field: 'g', description: '', reason: '', localizedMessage: undefined },
      ],
    },
    { fieldViolations: [] },
  ],
  [
    { case: 'requestInfo', value: { requestId: 'r', servingData: 's' } },
    { requestId: 'r', servingData: 's' },
    { requestId: 'r', servingData: 's' },
    { requestId: '', servingData: '' },
  ],
  [
    { case: 'resourceInfo', value: { resourceType: 't', resourceName: 'n', owner: 'o', description: 'd' } },
    { resourceType: 't', resourceName: 'n', owner: 'o', description: 'd' },
    { resourceType: 't', resourceName: 'n', owner: 'o', description: 'd' },
    { resourceType: '', resourceName: '', owner: '', description: '' },
  ],
  [
    { case: 'help', value: { links: [{ description: 'd', url: 'u' }] } },
    { links: [{ description: 'd', url: 'u' }] },
    { links: [{ description: 'd', url: 'u' }] },
    { links: [] },
  ],
  [
    { case: 'localizedMessage', value: { locale: 'de', message: 'm' } },
    { locale: 'de', message: 'm' },
    { locale: 'de', message: 'm' },
    { locale: '', message: '' },
  ],
];
