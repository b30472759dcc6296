/**
 * Writes the API report of each door: every name that it exports, and every type that these names refer to.
 *
 *   npm run api                 writes api/*.api.md
 *   npm run check:api           fails where a report is not what the build declares
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, type ExtractorLogLevel, type ExtractorMessage } from '@microsoft/api-extractor';

const root = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');
const temporary = mkdtempSync(join(tmpdir(), 'rx-grpc-api-'));
const silent = { default: { logLevel: 'none' as ExtractorLogLevel } };

/** The declaration files that package.json exports, from the folder of the build: `index.d.ts`, `google/protobuf/any.d.ts`. */
function doors(): readonly string[] {
  const exported: Record<string, { types?: string }> = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ).exports;
  const built = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' });
  return Object.values(exported).flatMap(({ types }) => {
    if (types === undefined) return [];
    const [before = '', after] = types.replace('./dist/', '').split('*');
    return after === undefined
      ? [before]
      : built.filter(file => file.startsWith(before) && file.endsWith(after)).toSorted();
  });
}

function nameOf(door: string): string {
  return `${door.replace('.d.ts', '').replaceAll('/', '-')}.api.md`;
}

function report(door: string): boolean {
  const isGenerated = door.startsWith('google/');
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, 'dist', door),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023', 'esnext.disposable'],
            module: 'nodenext',
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: true,
            types: ['node'],
          },
          files: [join(root, 'dist', door)],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: nameOf(door),
        reportFolder: import.meta.dirname,
        reportTempFolder: temporary,
        // What the well-known types refer to is in generated.api.md.
        includeForgottenExports: !isGenerated,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: { extractorMessageReporting: silent, tsdocMessageReporting: silent },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  });
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback: message => print(message),
  });
  if (check && apiReportChanged) {
    process.stderr.write(`api/${nameOf(door)}: the API has changed: run npm run api, and commit the report\n`);
  }
  return errorCount === 0 && !(check && apiReportChanged);
}

/** Prints errors of the compiler; the comparison of the reports is printed by `report`. */
function print(message: ExtractorMessage): void {
  message.handled = true;
  if (message.category === 'Compiler') process.stderr.write(`${message.formatMessageWithLocation(root)}\n`);
}

/** Removes reports of doors that are gone; names them instead when it checks. */
function leftOver(expected: readonly string[]): boolean {
  const gone = readdirSync(import.meta.dirname).filter(file => file.endsWith('.md') && !expected.includes(file));
  for (const file of gone) {
    if (check) process.stderr.write(`api/${file}: the door of this report is gone: run npm run api\n`);
    else rmSync(join(import.meta.dirname, file));
  }
  return check && gone.length > 0;
}

try {
  const all = doors();
  const good = all.map(report);
  if (leftOver(all.map(nameOf)) || good.includes(false)) process.exitCode = 1;
  else process.stdout.write(`api: ${all.length} reports ${check ? 'up to date' : 'written'}\n`);
} finally {
  rmSync(temporary, { recursive: true });
}
