/** What the browser tests use of mocha, which the test runner brings into the page. */
interface MochaTest {
  timeout(ms: number): MochaTest;
}

declare function describe(name: string, define: () => void): void;
declare function it(name: string, run: () => void | Promise<void>): MochaTest;
declare function beforeEach(run: () => void | Promise<void>): void;
declare function afterEach(run: () => void | Promise<void>): void;
