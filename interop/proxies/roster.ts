import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { run } from '../processes.ts';
import type { HttpProxy } from './proxy.ts';

const nginx: HttpProxy = {
  name: 'nginx',
  config: 'nginx.conf',
  version: ['nginx', '-v'],
  debian: 'nginx',
  tuned: /^\s*(client_|keepalive_|http2_max|large_|grpc_read|grpc_send|grpc_buffer).*$/gm,
  hour: /\b1h;/g,
  start(folder, config) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      name => `${name}_temp_path ${folder}/${name};`,
    );
    writeFileSync(
      `${folder}/main.conf`,
      `pid ${folder}/pid; error_log stderr error; worker_processes 1; events { worker_connections 4096; }
http { access_log off; ${temporary.join(' ')} include ${config}; }`,
    );
    return ['nginx', '-p', folder, '-c', `${folder}/main.conf`, '-g', 'daemon off;'];
  },
  reload: async child => void child.kill('SIGHUP'),
};

const haproxy: HttpProxy = {
  name: 'HAProxy',
  config: 'haproxy.cfg',
  version: ['haproxy', '-v'],
  debian: 'haproxy',
  tuned: /^\s*tune\..*$/gm,
  hour: /\b1h\b/g,
  start: (_folder, config) => ['haproxy', '-W', '-f', config],
  reload: async child => void child.kill('SIGUSR2'),
};

const modules = '/usr/lib/apache2/modules';
const apache: HttpProxy = {
  name: 'Apache',
  config: 'apache.conf',
  version: ['apache2', '-v'],
  debian: 'apache2',
  tuned: /^\s*(Timeout|ProxyTimeout|H2StreamTimeout|LimitRequestFieldSize).*$/gm,
  hour: /\b3600\b/g,
  start(folder, config) {
    const listen = /<VirtualHost ([^>]*)>/.exec(readFileSync(config, 'utf8'))![1];
    const names = ['mpm_event', 'authz_core', 'http2', 'proxy', 'proxy_http2'];
    writeFileSync(
      `${folder}/main.conf`,
      `ServerRoot ${folder}
ServerName 127.0.0.1
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
ErrorLog ${folder}/error.log
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
${names.map(name => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
StartServers 1
Listen ${listen}
Include ${config}
`,
    );
    return ['apache2', '-f', `${folder}/main.conf`, '-D', 'FOREGROUND'];
  },
  reload: async child => void child.kill('SIGUSR1'),
};

const caddy: HttpProxy = {
  name: 'Caddy',
  config: 'Caddyfile',
  version: ['caddy', 'version'],
  debian: 'caddy',
  tuned: /$^/g,
  hour: /$^/g,
  start(folder, config) {
    mkdirSync(`${folder}/data`);
    writeFileSync(config, readFileSync(config, 'utf8').replace('{', `{\n\tadmin unix/${folder}/admin`));
    return [
      'env',
      `XDG_DATA_HOME=${folder}/data`,
      `XDG_CONFIG_HOME=${folder}/data`,
      'caddy',
      'run',
      '--config',
      config,
      '--adapter',
      'caddyfile',
    ];
  },
  reload: async (_child, folder) => {
    await run(
      [
        'caddy',
        'reload',
        '--force',
        '--address',
        `unix/${folder}/admin`,
        '--config',
        `${folder}/Caddyfile`,
        '--adapter',
        'caddyfile',
      ],
      { timeoutMs: 10_000 },
    );
  },
};

const nghttpx: HttpProxy = {
  name: 'nghttpx',
  config: 'nghttpx.conf',
  version: ['nghttpx', '--version'],
  debian: 'nghttp2-proxy',
  tuned: /^(frontend-http2|backend-.*timeout|stream-).*$/gm,
  hour: /=1h$/gm,
  start: (folder, config) => [
    'nghttpx',
    `--conf=${config}`,
    `--pid-file=${folder}/pid`,
    '--log-level=ERROR',
    '--accesslog-file=/dev/null',
  ],
  reload: async child => void child.kill('SIGHUP'),
};

/** The proxies of docs/proxies.md. */
export const proxies: readonly HttpProxy[] = [nginx, haproxy, apache, caddy, nghttpx];
