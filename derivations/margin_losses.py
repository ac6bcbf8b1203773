"""Losses that ask for a distance: the right one must be ahead by a margin, or point the same way."""

from derivations.notation import layer

HINGE = layer(
    "hinge",
    "Every wrong class whose score is not below the right one's by margin costs what is missing, and all are summed.",
    tensors="Z[N, C]  T[N] in 0..C-1  margin > 0  L",
    equations="""
        L = sum[n, c](where(c == T[n], 0, maximum(0, margin + Z[n, c] - Z[n, T[n]])))/N
    """,
    claims="""
        dZ[n, c] = dL/N*where(c == T[n], -sum[k](where(k == T[n], 0, [margin + Z[n, k] - Z[n, T[n]] > 0])),
                              [margin + Z[n, c] - Z[n, T[n]] > 0])
    """,
    source="Weston and Watkins (1999), Support Vector Machines for Multi-Class Pattern Recognition, ESANN",
    kinks="a class that is ahead or behind by exactly margin costs nothing, and has slope 0",
)

TRIPLET = layer(
    "triplet",
    "An anchor A must be nearer to its like P than to another's Q, by margin, in squared distance.",
    tensors="A[N, D]  P[N, D]  Q[N, D]  margin > 0  S[N]  L",
    equations="""
        S[n] = margin + sum[d]((A[n, d] - P[n, d])**2) - sum[d]((A[n, d] - Q[n, d])**2)
        L = mean[n](maximum(0, S[n]))
    """,
    claims="""
        dA[n, d] = 2*dL/N*[S[n] > 0]*(Q[n, d] - P[n, d])
        dP[n, d] = 2*dL/N*[S[n] > 0]*(P[n, d] - A[n, d])
        dQ[n, d] = 2*dL/N*[S[n] > 0]*(A[n, d] - Q[n, d])
    """,
    source="Schroff, Kalenichenko and Philbin (2015), FaceNet, CVPR, eq. 1 to 3, averaged over the batch",
    kinks="a triplet that keeps the margin exactly has slope 0",
)

COSINE_SIMILARITY = layer(
    "cosine_similarity",
    "The cosine of the angle between two rows; a row shorter than eps counts as one of length eps.",
    tensors="A[N, D]  B[N, D]  eps > 0  p[N]  q[N]  Y[N]",
    equations="""
        p[n] = maximum(eps, sqrt(sum[d](A[n, d]**2)))
        q[n] = maximum(eps, sqrt(sum[d](B[n, d]**2)))
        Y[n] = sum[d](A[n, d]*B[n, d])/(p[n]*q[n])
    """,
    claims="""
        dA[n, d] = dY[n]*(B[n, d]/(p[n]*q[n]) - [sqrt(sum[k](A[n, k]**2)) > eps]*Y[n]*A[n, d]/p[n]**2)
        dB[n, d] = dY[n]*(A[n, d]/(p[n]*q[n]) - [sqrt(sum[k](B[n, k]**2)) > eps]*Y[n]*B[n, d]/q[n]**2)
    """,
    source="Salton and McGill (1983), Introduction to Modern Information Retrieval",
    kinks="a row of length eps counts as a shorter one: its length is the constant eps",
)
