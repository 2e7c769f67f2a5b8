/** Which message types protobuf bodies may have: the built-in kinds, the bodies of subresources, and delete options. */
import type { Registry } from "#deck/registry.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import { askedKinds, bodyKinds } from "#kinds/registry.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";
import { KubernetesCodec, type MessageType } from "#wire/kubernetes-protobuf.ts";
import type { DecodeProtobuf } from "./asked.ts";

const DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

export function protobufBodies(registry: Registry): DecodeProtobuf {
  const codec = new KubernetesCodec((apiVersion, name) => {
    // Delete options are registered in every group: their apiVersion is that of the objects to delete.
    if (name === "DeleteOptions") return { schema: builtinTable.resolve(DELETE_OPTIONS), table: builtinTable };
    return messageType(find([...registry.all(), ...askedKinds, ...bodyKinds], apiVersion, name));
  });
  return (bytes) => codec.decode(bytes);
}

function find(kinds: readonly Kind[], apiVersion: string, name: string): Kind | undefined {
  return kinds.find((kind) => kind.kind === name && apiVersionOf(kind) === apiVersion);
}

/** Only upstream's own types have field numbers; kinds of definitions travel as JSON everywhere. */
function messageType(kind: Kind | undefined): MessageType | undefined {
  return kind === undefined || kind.table !== builtinTable ? undefined : { schema: kind.schema, table: kind.table };
}
