/**
 * SQL: the promotion that put a version in service for the last time. Both are expressions of the statement around it.
 * @returns rows of id, kind, from_version and created_at, at most one
 */
export const latestPromotion = (projectId: string, version: string): string => `
  select id, kind, from_version, created_at from promotion
  where project_id = ${projectId} and to_version = ${version} and promoted order by created_at desc limit 1`;
