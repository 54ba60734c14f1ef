export { commitMarkerMigration } from "./commit-marker.ts"
