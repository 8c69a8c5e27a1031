import type { ChildProcess } from "node:child_process";
import type { Browser } from "playwright-core";

export function launch(): Promise<Browser>;
export function heard(program: ChildProcess, wanted: RegExp): Promise<RegExpExecArray>;
