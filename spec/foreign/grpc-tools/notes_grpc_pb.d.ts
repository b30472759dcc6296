// package: small.v1
// file: notes.proto

/* tslint:disable */
/* eslint-disable */

import * as grpc from "@grpc/grpc-js";
import * as notes_pb from "./notes_pb";

interface INotesService extends grpc.ServiceDefinition<grpc.UntypedServiceImplementation> {
    sayOne: INotesService_ISayOne;
    sayMany: INotesService_ISayMany;
    gather: INotesService_IGather;
    chat: INotesService_IChat;
}

interface INotesService_ISayOne extends grpc.MethodDefinition<notes_pb.Note, notes_pb.Echo> {
    path: "/small.v1.Notes/SayOne";
    requestStream: false;
    responseStream: false;
    requestSerialize: grpc.serialize<notes_pb.Note>;
    requestDeserialize: grpc.deserialize<notes_pb.Note>;
    responseSerialize: grpc.serialize<notes_pb.Echo>;
    responseDeserialize: grpc.deserialize<notes_pb.Echo>;
}
interface INotesService_ISayMany extends grpc.MethodDefinition<notes_pb.Note, notes_pb.Echo> {
    path: "/small.v1.Notes/SayMany";
    requestStream: false;
    responseStream: true;
    requestSerialize: grpc.serialize<notes_pb.Note>;
    requestDeserialize: grpc.deserialize<notes_pb.Note>;
    responseSerialize: grpc.serialize<notes_pb.Echo>;
    responseDeserialize: grpc.deserialize<notes_pb.Echo>;
}
interface INotesService_IGather extends grpc.MethodDefinition<notes_pb.Note, notes_pb.Echo> {
    path: "/small.v1.Notes/Gather";
    requestStream: true;
    responseStream: false;
    requestSerialize: grpc.serialize<notes_pb.Note>;
    requestDeserialize: grpc.deserialize<notes_pb.Note>;
    responseSerialize: grpc.serialize<notes_pb.Echo>;
    responseDeserialize: grpc.deserialize<notes_pb.Echo>;
}
interface INotesService_IChat extends grpc.MethodDefinition<notes_pb.Note, notes_pb.Echo> {
    path: "/small.v1.Notes/Chat";
    requestStream: true;
    responseStream: true;
    requestSerialize: grpc.serialize<notes_pb.Note>;
    requestDeserialize: grpc.deserialize<notes_pb.Note>;
    responseSerialize: grpc.serialize<notes_pb.Echo>;
    responseDeserialize: grpc.deserialize<notes_pb.Echo>;
}

export const NotesService: INotesService;

export interface INotesServer extends grpc.UntypedServiceImplementation {
    sayOne: grpc.handleUnaryCall<notes_pb.Note, notes_pb.Echo>;
    sayMany: grpc.handleServerStreamingCall<notes_pb.Note, notes_pb.Echo>;
    gather: grpc.handleClientStreamingCall<notes_pb.Note, notes_pb.Echo>;
    chat: grpc.handleBidiStreamingCall<notes_pb.Note, notes_pb.Echo>;
}

export interface INotesClient {
    sayOne(request: notes_pb.Note, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientUnaryCall;
    sayOne(request: notes_pb.Note, metadata: grpc.Metadata, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientUnaryCall;
    sayOne(request: notes_pb.Note, metadata: grpc.Metadata, options: Partial<grpc.CallOptions>, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientUnaryCall;
    sayMany(request: notes_pb.Note, options?: Partial<grpc.CallOptions>): grpc.ClientReadableStream<notes_pb.Echo>;
    sayMany(request: notes_pb.Note, metadata?: grpc.Metadata, options?: Partial<grpc.CallOptions>): grpc.ClientReadableStream<notes_pb.Echo>;
    gather(callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientWritableStream<notes_pb.Note>;
    gather(metadata: grpc.Metadata, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientWritableStream<notes_pb.Note>;
    gather(options: Partial<grpc.CallOptions>, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientWritableStream<notes_pb.Note>;
    gather(metadata: grpc.Metadata, options: Partial<grpc.CallOptions>, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientWritableStream<notes_pb.Note>;
    chat(): grpc.ClientDuplexStream<notes_pb.Note, notes_pb.Echo>;
    chat(options: Partial<grpc.CallOptions>): grpc.ClientDuplexStream<notes_pb.Note, notes_pb.Echo>;
    chat(metadata: grpc.Metadata, options?: Partial<grpc.CallOptions>): grpc.ClientDuplexStream<notes_pb.Note, notes_pb.Echo>;
}

export class NotesClient extends grpc.Client implements INotesClient {
    constructor(address: string, credentials: grpc.ChannelCredentials, options?: Partial<grpc.ClientOptions>);
    public sayOne(request: notes_pb.Note, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientUnaryCall;
    public sayOne(request: notes_pb.Note, metadata: grpc.Metadata, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientUnaryCall;
    public sayOne(request: notes_pb.Note, metadata: grpc.Metadata, options: Partial<grpc.CallOptions>, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientUnaryCall;
    public sayMany(request: notes_pb.Note, options?: Partial<grpc.CallOptions>): grpc.ClientReadableStream<notes_pb.Echo>;
    public sayMany(request: notes_pb.Note, metadata?: grpc.Metadata, options?: Partial<grpc.CallOptions>): grpc.ClientReadableStream<notes_pb.Echo>;
    public gather(callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientWritableStream<notes_pb.Note>;
    public gather(metadata: grpc.Metadata, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientWritableStream<notes_pb.Note>;
    public gather(options: Partial<grpc.CallOptions>, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientWritableStream<notes_pb.Note>;
    public gather(metadata: grpc.Metadata, options: Partial<grpc.CallOptions>, callback: (error: grpc.ServiceError | null, response: notes_pb.Echo) => void): grpc.ClientWritableStream<notes_pb.Note>;
    public chat(options?: Partial<grpc.CallOptions>): grpc.ClientDuplexStream<notes_pb.Note, notes_pb.Echo>;
    public chat(metadata?: grpc.Metadata, options?: Partial<grpc.CallOptions>): grpc.ClientDuplexStream<notes_pb.Note, notes_pb.Echo>;
}
