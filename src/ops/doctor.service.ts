import { Injectable } from '@nestjs/common';
import { sha256 } from '../core/ids.js';
import { fileKey, MANIFEST, type ModelManifest } from '../platform/model-runtime/model-files.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { DoctorStore, type ModelInUse } from './doctor.store.js';
import { HealthService } from './health.service.js';

export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Diagnosis {
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
}

type Check = () => Promise<{ problems: readonly string[]; fine: string }>;

/** Of objects that each belong to a row. */
const PREFIXES = ['packs/', 'feedback/', 'blobs/'];

/** Most problems of one kind that are told one by one. */
const SHOWN = 5;

/** Is everything where the books say it is? Reads only, and costs what is stored: for an operator, not for a probe. */
@Injectable()
export class DoctorService {
  constructor(
    private readonly store: DoctorStore,
    private readonly health: HealthService,
    private readonly objects: ObjectStore,
  ) {}

  /** @param reads whether every pack and model file is fetched and its SHA-256 compared, not only looked for */
  async examine(reads: boolean): Promise<Diagnosis> {
    const checks: Readonly<Record<string, Check>> = {
      parts: () => this.parts(),
      ledger: () => this.ledger(),
      bodies: () => this.bodies(),
      joins: () => this.joins(),
      objects: () => this.places(),
      models: () => this.models(reads),
      ...(reads && { contents: () => this.contents() }),
    };
    const findings: Finding[] = [];
    for (const [name, check] of Object.entries(checks)) findings.push(await findingOf(name, check));
    return { healthy: findings.every(({ ok }) => ok), findings };
  }

  private async parts() {
    const { checks, warnings } = await this.health.readiness();
    const bad = Object.entries(checks).filter(([, word]) => word !== 'ok');
    return {
      problems: [...bad.map(([part, word]) => `${part}: ${word}`), ...warnings],
      fine: `${Object.keys(checks).join(', ')} answer`,
    };
  }

  private async ledger() {
    const { projects, predictions, feedback } = await this.store.counts();
    const fine = `${projects} projects, ${predictions} predictions, ${feedback} feedback; the books balance and match the rows`;
    return { problems: await this.store.wrongBooks(), fine };
  }

  private async bodies() {
    const count = await this.store.batchesWithoutBody();
    return {
      problems: count > 0 ? [`${count} batches are neither packed nor in Postgres`] : [],
      fine: 'every payload is in Postgres or in a stored pack',
    };
  }

  private async joins() {
    const count = await this.store.forgottenJoins();
    return {
      problems: count > 0 ? [`${count} feedback wait although their prediction is there`] : [],
      fine: 'no feedback waits for a prediction that is there',
    };
  }

  /** Rows first, then the listing: a pack stored meanwhile is in both or an object whose row is reserved. */
  private async places() {
    const stored = (await this.store.storedObjects()).map(({ key }) => key);
    const listed = (await Promise.all(PREFIXES.map((prefix) => this.objects.list(prefix)))).flat();
    const there = new Set(listed);
    const lost = stored.filter((key) => !there.has(key));
    const isStored = new Set(stored);
    const unknown = listed.filter((key) => !isStored.has(key));
    const reserved = await this.store.reserved(unknown);
    const orphans = unknown.filter((key) => !reserved.has(key));
    return {
      problems: [
        ...lost.map((key) => `${key} is missing`),
        ...orphans.map((key) => `${key} belongs to no row (rebuild)`),
      ],
      fine: `${stored.length} packs and uploads, each with its object, and no object without its row`,
    };
  }

  private async models(reads: boolean) {
    const models = await this.store.modelsInUse();
    const problems: string[] = [];
    for (const model of models) {
      const faults = await this.faultsOf(model, reads);
      problems.push(...faults.map((fault) => `${model.name}: ${fault}`));
    }
    return { problems, fine: `${models.length} models in use, each with its files` };
  }

  private async faultsOf({ prefix, sha256: expected }: ModelInUse, reads: boolean): Promise<string[]> {
    const manifest = await this.objects.find(fileKey(prefix, MANIFEST));
    if (!manifest) return [`${MANIFEST} is missing`];
    if (sha256(manifest) !== expected) return [`${MANIFEST} has other bytes than were written`];
    const { files } = JSON.parse(manifest.toString('utf8')) as ModelManifest;
    const there = new Set(await this.objects.list(prefix));
    const faults: string[] = [];
    for (const [name, file] of Object.entries(files)) {
      const key = fileKey(prefix, name);
      if (!there.has(key)) faults.push(`${name} is missing`);
      else if (reads && sha256(await this.objects.get(key)) !== file.sha256)
        faults.push(`${name} has other bytes than were written`);
    }
    return faults;
  }

  private async contents() {
    const problems: string[] = [];
    const packs = await this.store.storedObjects();
    for (const { key, sha256: expected } of packs) {
      const body = await this.objects.find(key);
      if (body && sha256(body) !== expected) problems.push(`${key} has other bytes than were written`);
    }
    return { problems, fine: `${packs.length} packs and uploads have the bytes that were written` };
  }
}

async function findingOf(name: string, check: Check): Promise<Finding> {
  try {
    const { problems, fine } = await check();
    const more = problems.length > SHOWN ? [`and ${problems.length - SHOWN} more`] : [];
    const detail = [...problems.slice(0, SHOWN), ...more].join('; ');
    return problems.length > 0 ? { name, ok: false, detail } : { name, ok: true, detail: fine };
  } catch (error) {
    return { name, ok: false, detail: `could not be examined: ${(error as Error).message || (error as Error).name}` };
  }
}
