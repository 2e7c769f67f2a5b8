/** What `kubectl explain` says of every object's metadata, in a sentence each (apimachinery, ObjectMeta). */

export const OBJECT_META_WORDS: ReadonlyMap<string, string> = new Map([
  ["annotations", "Annotations is a map of texts that tools keep with the object; they are not selected by."],
  ["creationTimestamp", "CreationTimestamp is a timestamp of when the object was stored; set by the server."],
  [
    "deletionGracePeriodSeconds",
    "DeletionGracePeriodSeconds is the time that the object has to end once it is deleted.",
  ],
  [
    "deletionTimestamp",
    "DeletionTimestamp is when the object is to be gone; set by the server when somebody deletes it.",
  ],
  ["finalizers", "Finalizers is a list of names that must be taken out before a deleted object goes."],
  ["generateName", "GenerateName is a prefix from which the server makes a unique name, where no name is given."],
  ["generation", "Generation counts changes of the desired state; set by the server."],
  ["labels", "Labels is a map of short texts by which objects are selected."],
  ["managedFields", "ManagedFields says who owns which fields; kept by the server for server-side apply."],
  ["name", "Name is unique among the objects of a kind in a namespace and does not change."],
  ["namespace", "Namespace is the space in which the name is unique; empty for kinds of the whole cluster."],
  [
    "ownerReferences",
    "OwnerReferences is a list of the objects that this one belongs to: it goes when all of them are gone.",
  ],
  ["resourceVersion", "ResourceVersion is an opaque text that changes with each write; compare it for equality only."],
  ["selfLink", "SelfLink is not set any more."],
  ["uid", "UID is unique in time and space: another object of the same name has another; set by the server."],
]);
