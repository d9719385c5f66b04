import { type Proofs, proofs } from './proofs.en'

/** As `t`, for parts that are loaded when they are looked at. */
export const words: Proofs = proofs
