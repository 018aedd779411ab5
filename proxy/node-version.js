// Plain JavaScript on purpose: it must run, and say what to do, on a Node that cannot run TypeScript.
const REQUIRED_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) < REQUIRED_MAJOR) {
  console.error(
    `weixin-widgets needs Node ${REQUIRED_MAJOR} or newer; this is Node ${process.versions.node}.\n` +
      `  In a checkout: run "npm ci", then use the npm scripts ("npm start", "npm run serve"): they bring Node ${REQUIRED_MAJOR} along.\n` +
      `  Elsewhere: install Node ${REQUIRED_MAJOR} from https://nodejs.org/ and try again.\n` +
      `weixin-widgets 需要 Node ${REQUIRED_MAJOR} 或更高版本，当前是 Node ${process.versions.node}。\n` +
      `  在源码目录中：先运行 “npm ci”，再使用 npm 脚本（“npm start”“npm run serve”），它们自带 Node ${REQUIRED_MAJOR}。\n` +
      `  在其他地方：请从 https://nodejs.org/ 安装 Node ${REQUIRED_MAJOR} 后重试。`,
  );
  process.exit(1);
}
