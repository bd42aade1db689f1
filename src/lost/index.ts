export type {
  FindServiceResponse,
  GetMappingsResponse,
  GetServiceBoundaryResponse,
  GetServiceListBoundaryResponse,
  ListServicesByLocationResponse,
  ListServicesResponse,
  LocationValidation,
  LostAnswer,
  LostErrors,
  LostRedirect,
  PushMappingsResponse,
  ServiceListBoundary,
} from './answers.ts';
export type { LostErrorCode } from './errors.ts';
export { lostErrors } from './errors.ts';
export type { LostLimits } from './limits.ts';
export { defaultLostAnswerLimits, defaultLostRequestLimits } from './limits.ts';
export { isLostMediaType, isLostSource, lostMediaType, lostSyncMediaType } from './names.ts';
export { readLostAnswer } from './read-answer.ts';
export { readLostRequest } from './read-request.ts';
export type {
  AdditionalLocation,
  BoundaryForm,
  FindService,
  GetMappings,
  GetServiceBoundary,
  GetServiceListBoundary,
  ListServices,
  ListServicesByLocation,
  LostRequest,
  MappingChange,
  PushMappings,
} from './requests.ts';
export type {
  LostBoundary,
  LostBoundaryReference,
  LostCallIds,
  LostErrorType,
  LostException,
  LostExceptions,
  LostExpiry,
  LostFault,
  LostLocation,
  LostLocationValue,
  LostMapping,
  LostMappingId,
  LostMoment,
  LostText,
  LostVia,
  LostWarningType,
  UsableLocation,
} from './types.ts';
export { lostErrorTypes, lostWarningTypes } from './types.ts';
export { chooseLocation, faultAnswer, lostMoment } from './values.ts';
export { writeLostAnswer } from './write-answer.ts';
export { writeLostRequest } from './write-request.ts';
