/** The parts of the control process that keep what is secret: the sealed part of the database, and parameters. */
import type { Service } from "#aws/action.ts";
import { ssmService } from "#aws/ssm/service.ts";
import type { Control } from "#control/contract.ts";
import type { Database } from "#managed/database.ts";
import { PARAMETERS, Parameters } from "#managed/parameters/parameters.ts";
import { SealedDatabase } from "#managed/sealed-database.ts";
import type { Part } from "./compose.ts";
import type { RoleBasis } from "./role.ts";
import type { Resealed, SecretVault } from "./secret-vault.ts";

interface Needed {
  readonly database: Database;
  readonly vault: SecretVault;
  readonly sealedJournal: Resealed;
}

export interface SealedData {
  /** Its values are sealed where they are stored, with the keys that Secrets are sealed with. */
  readonly sealedDatabase: Database;
  readonly rotateSecretKey: Control["rotateSecretKey"];
}

export const sealedData: Part<RoleBasis & Needed, SealedData> = {
  name: "sealed data",
  start: async ({ database, vault, sealedJournal }) => {
    const sealedDatabase = new SealedDatabase(database, vault.sealing);
    const rows: Resealed = { reseal: () => sealedDatabase.reseal([PARAMETERS]) };
    const all = [sealedJournal, rows];
    await vault.settle(all);
    return { sealedDatabase, rotateSecretKey: () => vault.rotate(all) };
  },
};

export interface ParameterEngine {
  readonly parameters: Parameters;
  readonly parameterServices: readonly Service[];
}

export const parameterEngine: Part<RoleBasis & SealedData, ParameterEngine> = {
  name: "parameters",
  start: ({ instance, clock, sealedDatabase }) => {
    const { region, accountId } = instance;
    const parameters = new Parameters(sealedDatabase, clock);
    return { parameters, parameterServices: [ssmService({ region, accountId, parameters })] };
  },
};
