/** What answers at one path. */
export interface Route {
  readonly methods: readonly ("GET" | "POST")[]
  answer(request: Request, url: URL): Response | Promise<Response>
}
