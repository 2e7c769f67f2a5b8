/** The condition of a claim whose volume has grown and whose file system has not yet (core/v1 PersistentVolumeClaimConditionType). */

export const RESIZE_PENDING = "FileSystemResizePending";
