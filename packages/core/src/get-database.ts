export function getDatabase(): void {}
