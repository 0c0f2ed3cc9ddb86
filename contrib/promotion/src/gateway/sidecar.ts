// SPDX-License-Identifier: Apache-2.0

/*
 * The reading side without a line of etcd: a sidecar keeps one json file for each service, and
 * replaces it by rename whenever the instances change.
 *
 * The folder is watched, since a watch on a file ends with the first rename. A slow look at every
 * file stands behind it, for a folder that is made later or anew.
 */

import * as fs from "fs";
import * as path from "path";
import { info, warn } from "../log";
import {
  DiscoverySource,
  inOrder,
  Instance,
  instanceOf,
  OnInstances,
  sameInstances,
} from "./instance";

const LOOK_MS = 5000;

interface Document {
  stale: boolean;
  age: number; // seconds, at which it was written
  instances: Instance[];
}

function parse(text: string): Document {
  const document = JSON.parse(text);
  if (!Array.isArray(document?.instances)) {
    throw new Error("it has no list of instances");
  }
  const instances = document.instances.map((one: Record<string, unknown>) =>
    instanceOf(one, one?.weight),
  );
  const { stale, age_seconds: age } = document;
  return { stale: stale === true, age: Number(age) || 0, instances: inOrder(instances) };
}

// One service's file, and what was last taken from it.
class ServiceFile {
  private instances: Instance[] | undefined;
  private trouble = false;
  private stale = false;
  private lastRead = "";

  constructor(
    private readonly service: string,
    private readonly file: string,
    private readonly onInstances: OnInstances,
  ) {}

  look(): void {
    let text: string;
    try {
      text = fs.readFileSync(this.file, "utf8");
    } catch (error) {
      this.complain((error as NodeJS.ErrnoException).code === "ENOENT", (error as Error).message);
      return;
    }
    if (text !== this.lastRead) {
      this.lastRead = text;
      this.take(text);
    }
  }

  private take(text: string): void {
    let document: Document;
    try {
      document = parse(text);
    } catch (error) {
      this.complain(false, `${this.file} cannot be used: ${(error as Error).message}`);
      return;
    }
    if (this.trouble) {
      info(`${this.service}: ${this.file} can be used`);
      this.trouble = false;
    }
    this.noteAge(document);
    if (this.instances === undefined || !sameInstances(this.instances, document.instances)) {
      this.instances = document.instances;
      this.onInstances(document.instances);
    }
  }

  private noteAge({ stale, age }: Document): void {
    if (stale && !this.stale) {
      warn(`${this.service}: the list has not been confirmed for ${age} s, going on with it`);
    } else if (!stale && this.stale) {
      info(`${this.service}: the list is confirmed again`);
    }
    this.stale = stale;
  }

  // Once for each time of trouble; the instances stay what they were.
  private complain(missing: boolean, sentence: string): void {
    this.lastRead = "";
    if (this.trouble) {
      return;
    }
    this.trouble = true;
    if (missing && this.instances === undefined) {
      info(`${this.service}: waiting for ${this.file}`);
    } else {
      warn(`${this.service}: ${sentence}; going on with the instances known`);
    }
  }
}

export class SidecarSource implements DiscoverySource {
  private readonly files = new Map<string, ServiceFile>(); // by the file's name
  private watcher: fs.FSWatcher | undefined;
  private watched = 0; // inode of the folder under watch
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly folder: string) {
    this.watchFolder();
    this.timer = setInterval(() => this.lookAtAll(), LOOK_MS);
  }

  watch(service: string, onInstances: OnInstances): void {
    const name = `${service}.json`;
    const file = new ServiceFile(service, path.join(this.folder, name), onInstances);
    this.files.set(name, file);
    file.look();
  }

  close(): void {
    clearInterval(this.timer);
    this.watcher?.close();
  }

  private lookAtAll(): void {
    this.watchFolder();
    this.files.forEach((file) => file.look());
  }

  // Watches the folder, unless the one under watch is still the one of that name. A gateway that is
  // first to come makes it, if it may.
  private watchFolder(): void {
    try {
      fs.mkdirSync(this.folder, { recursive: true });
      const inode = fs.statSync(this.folder).ino;
      if (this.watcher !== undefined && inode === this.watched) {
        return;
      }
      this.watcher?.close();
      this.watcher = fs.watch(this.folder, (_, name) =>
        name === null ? this.lookAtAll() : this.files.get(name)?.look(),
      );
      this.watcher.on("error", () => (this.watched = 0));
      this.watched = inode;
    } catch {
      this.watcher?.close(); // until the next look
      this.watcher = undefined;
    }
  }
}
