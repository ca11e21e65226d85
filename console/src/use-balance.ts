import { useQuery } from '@tanstack/react-query';
import { call, type LabelBalance } from './api';

/** Labels and model versions with their counts; every field that offers them shares one request. */
export const useBalance = () =>
  useQuery({
    queryKey: ['balance'],
    queryFn: () => call<LabelBalance>('/v1/insights/balance'),
    staleTime: 10_000,
  });
