/** Cases that once were finds: target and seed. */
export const finds: readonly (readonly [target: string, seed: number])[] = [['html', 251_671]]
